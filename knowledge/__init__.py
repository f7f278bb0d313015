"""What is known about faults: pages that people read and programs match."""
