//! Working time against a walk of the wall clock, by its laws, and by example.

mod any;
mod examples;
mod flaws;
mod laws;
mod oracle;
