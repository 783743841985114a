"""What leaves the building: report, summary, workbook, slides, evaluation annexes."""
