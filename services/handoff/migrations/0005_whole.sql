-- Every word of a confidential handoff's history stands beside the log now (event_withheld), those of comments among them.
DROP TABLE handoff.comment;
