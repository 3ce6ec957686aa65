-- Message ids begin with the time at which they were made, so an index in their order grows at its end, and not in as many places as
-- there are logs that somebody speaks in. It serves ids from before just as well, only not as fast.

DROP INDEX entries_by_message;

CREATE UNIQUE INDEX entries_by_message ON entries (message_id, log) WHERE message_id IS NOT NULL;
