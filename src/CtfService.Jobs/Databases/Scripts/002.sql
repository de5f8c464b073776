-- Notifications that have not been delivered. A row is added when its job ends, and deleted when the receiver has accepted it or the tries are over.
create table webhooks (
    job text primary key,
    attempts bigint not null default 0,
    due bigint not null); -- when the next attempt starts; during one, when another process takes over if this one disappears
create index webhooks_due on webhooks (due);
