"""Drills: faults as data, put into a bundle to see how an operation deals with them."""
