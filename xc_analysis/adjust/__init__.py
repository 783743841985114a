"""What makes a number comparable with its neighbour: state, dust, partial years, weather."""
