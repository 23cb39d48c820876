//! What a watcher is told, held against what a list shows.
