//! Comments: what a side says beside everything else.

kernel::uuid_id! {
    /// A comment's id.
    CommentId
}
