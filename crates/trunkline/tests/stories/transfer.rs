//! A call is handed to somebody else.
