-- What callers have used of their limits. Times are milliseconds since 1970 in UTC.
create table usage_windows (
    owner text not null,
    name text not null, -- of the limit
    started bigint not null, -- of the current window or, if that has ended, of the last one; 0 before the first
    ends bigint not null,
    used bigint not null,
    primary key (owner, name));
alter table api_keys add column images_per_minute bigint; -- null: the general limit
alter table api_keys add column images_per_day bigint;
