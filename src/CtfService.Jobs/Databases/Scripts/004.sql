-- API keys that were created over HTTP. Their secrets are random, so a plain hash is safe to store.
create table api_keys (
    id text primary key,
    name text not null,
    weight bigint not null,
    admin bigint not null, -- 0 or 1
    requests_per_minute bigint, -- null: the general limit
    created bigint not null,
    expires bigint);
create unique index api_keys_name on api_keys (lower(name));

create table api_key_secrets (
    sha256 text primary key, -- lower-case hexadecimal digits
    api_key text not null,
    prefix text not null, -- by which people recognize the secret
    created bigint not null,
    expires bigint); -- when another secret has replaced it
create index api_key_secrets_of_key on api_key_secrets (api_key);

-- What processes hold in memory has a version, which each change raises.
create table versions (
    name text primary key,
    version bigint not null);
insert into versions (name, version) values ('api_keys', 0);
