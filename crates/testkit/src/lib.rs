//! For tests only: a fault proxy and the power-cut shim.
