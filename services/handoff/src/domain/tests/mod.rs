//! The domain's behaviour as facts: the table of the machine, its guards, its laws, and imported history.

mod agreement;
mod bounds;
mod fixture;
mod guards;
mod history;
mod laws;
mod map;
mod places;
mod table;
