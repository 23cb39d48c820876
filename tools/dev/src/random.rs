//! Randomness from the system.

use std::fs::File;
use std::io::Read as _;

/// Bytes that nobody can guess.
///
/// # Panics
/// When the system has none to give.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .expect("the system gives randomness");
    bytes
}
