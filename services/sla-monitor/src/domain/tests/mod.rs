//! What clocks do, by examples, by a table, and by laws over random courses.

mod examples;
mod fixture;
mod laws;
mod policies;
mod table;
