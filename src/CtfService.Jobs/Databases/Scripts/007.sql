alter table api_keys add column high_priority bigint not null default 0; -- 1: may ask for the priority high
