//! Does: owns live calls, admission, effects, dialing, projection and recovery.
