//! The public form of this service's facts.

mod improvement;
mod survey;
