"""How a bundle is planned: layers, levels, needs, and the one order that keeps to them. Pure functions."""
