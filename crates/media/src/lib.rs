//! Hears and speaks: recordings in a folder, with checksums and visible states.
