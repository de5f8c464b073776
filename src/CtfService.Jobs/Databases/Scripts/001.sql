-- Times are milliseconds since 1970 in UTC.
create table jobs (
    number {identity},
    id text not null unique,
    kind text not null,
    tenant text not null,
    weight bigint not null,
    specification text not null,
    state text not null,
    outcome text, -- how the job ends instead of 'completed', once that is known: 'cancelled' or 'expired'
    total bigint not null default 0,
    done bigint not null default 0,
    failed bigint not null default 0,
    images bigint not null default 0,
    open_shards bigint not null default 0, -- shards that have not ended
    turn bigint not null default 0, -- when the job was last served, counted in turns of its tenant
    created bigint not null,
    started bigint,
    finalizing bigint,
    ended bigint,
    cancel_requested bigint,
    expires bigint not null,
    result text,
    errors text,
    webhook text,
    trace_parent text);
create index jobs_unfinished on jobs (tenant, turn) where ended is null;
create index jobs_listed on jobs (tenant, kind, number);
create index jobs_ended on jobs (ended) where ended is not null;

-- The queue: number -1 is the preparation of the job, 2147483647 its finish.
create table shards (
    job text not null,
    number bigint not null,
    first_item bigint not null,
    items bigint not null,
    state text not null,
    claims bigint not null default 0, -- how often it was claimed, which tells one claim from the next
    attempts bigint not null default 0, -- claims that count, because they were not given back
    losses bigint not null default 0, -- claims whose worker disappeared; they are no attempts
    not_before bigint not null default 0,
    owner text,
    lease_until bigint,
    done bigint not null default 0,
    failed bigint not null default 0,
    error text,
    primary key (job, number));
create index shards_ready on shards (job, not_before, number) where state = 'ready';
create index shards_running on shards (lease_until) where state = 'running';

-- Images per weight that each owner has received, for the fair choice between owners.
create table tenants (
    name text primary key,
    virtual_time double precision not null);

create table files (
    number {identity},
    id text not null unique,
    tenant text not null,
    file_name text not null,
    bytes bigint not null,
    purpose text not null,
    stored_name text not null,
    created bigint not null,
    expires bigint);
create index files_listed on files (tenant, number);
create index files_expiring on files (expires) where expires is not null;
