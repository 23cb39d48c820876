//! The metrics service through its real face, and its figures held to a naive reference.
