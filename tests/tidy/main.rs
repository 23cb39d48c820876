//! The rules of the house that the compiler cannot hold; ARCHITECTURE.md says what they are for.
//!
//! Each rule is a function from what stands in a file to its offences, a test that runs it over the whole project, and a
//! test that shows it a bad snippet.

mod direction;
mod documents;
mod manifests;
mod migrations;
mod offence;
mod places;
mod project;
mod source;
mod sql;
mod taste;
mod watched;
