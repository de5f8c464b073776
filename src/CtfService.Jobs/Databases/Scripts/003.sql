create index shards_tried_again on shards (job) where error is not null and state in ('ready', 'running');
create index files_stored on files (stored_name);
