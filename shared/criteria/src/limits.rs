//! Every bound of a content and of a submission, once.

/// Fields, items and rules of a content: at most so many of each.
pub const ENTRIES_MAX: usize = 500;
/// A content as JSON, in bytes.
pub const CONTENT_MAX_BYTES: usize = 512 * 1024;
/// A template document as YAML, in bytes.
pub const DOCUMENT_MAX_BYTES: usize = 1024 * 1024;
/// A key, in characters.
pub const KEY_MAX_CHARS: usize = 63;
/// A label, in characters.
pub const LABEL_MAX_CHARS: usize = 200;
/// Any other text, in bytes.
pub const TEXT_MAX_BYTES: usize = 16 * 1024;
/// Choices of a field, and entries of a `MULTI_CHOICE` value.
pub const CHOICES_MAX: usize = 100;
/// One choice, in characters.
pub const CHOICE_MAX_CHARS: usize = 200;
/// Names and keys inside a value (an attachment's name, a record's key), in characters.
pub const NAME_MAX_CHARS: usize = 500;
/// An address, in bytes.
pub const URL_MAX_BYTES: usize = 2_048;
/// An e-mail address, in bytes (RFC 5321).
pub const EMAIL_MAX_BYTES: usize = 254;
/// A regular expression as written, in bytes.
pub const PATTERN_MAX_BYTES: usize = 512;
/// A regular expression compiled, in bytes: it bounds the work per character of text.
pub const PATTERN_MAX_COMPILED_BYTES: usize = 64 * 1024;
/// An expression as written, in bytes.
pub const EXPRESSION_MAX_BYTES: usize = 1_024;
/// How deep an expression may nest or chain: it bounds the stack that judging it takes, to some 50 KiB a step without
/// optimisation.
pub const EXPRESSION_MAX_DEPTH: u16 = 20;
/// What judging one expression may cost, in steps; see `expression` for the price of each construct.
pub const EXPRESSION_MAX_COST: u64 = 5_000;
/// How large a value that an expression puts together may grow, in bytes, where every field is as long as it may be.
pub const EXPRESSION_MAX_VALUE_BYTES: u64 = 256 * 1024;
/// What judging all expressions of a content may cost, in steps.
pub const CONTENT_MAX_COST: u64 = 100_000;
