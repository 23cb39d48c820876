//! What becomes of a draft under another version.
