-- Responses to requests with an Idempotency-Key. A row without a status is the claim of a process that is answering the request.
create table responses (
    caller text not null,
    request_key text not null,
    caller_group text not null, -- callers that share the space for their responses
    fingerprint text not null, -- of everything that the response depends on
    owner text not null, -- unique for each claim
    expires bigint not null, -- end of the lease or, with a status, of the lifetime; afterwards the row does not count
    status bigint,
    headers text,
    bytes bigint not null default 0,
    body bytea, -- last, so that the other columns are read without it
    primary key (caller, request_key));
create index responses_expiring on responses (expires);
create index responses_running on responses (owner) where status is null;
create index responses_oldest on responses (caller, expires, bytes) where status is not null;
insert into versions (name, version) values ('responses', 0); -- locked by the process that deletes
