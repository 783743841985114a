"""What the tables may hold: columns, schemas, rules, and the derivations among rows."""
