"""Pure functions: evidence in, diagnosis and fix plan out. No network, no Prefect, no clock."""
