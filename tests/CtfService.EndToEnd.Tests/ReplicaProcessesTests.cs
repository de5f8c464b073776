using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CtfService.TestSupport;
using Npgsql;

namespace CtfService.EndToEnd.Tests;

/// <summary>Two processes of the service on one PostgreSQL database: API keys, and a process that is killed while it draws.</summary>
public sealed class ReplicaProcessesTests : IAsyncLifetime
{
    private const string Operator = "ctf_operator-key-of-the-tests";

    private const string Keys = "/v1/admin/keys";

    private const string Images = "/v1/images/generations";

    /// <summary>Longest time until a revoked key is refused everywhere.</summary>
    private static readonly TimeSpan RevocationTime = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private PostgresServer? _server;
    private ServiceProcess _one = null!;
    private ServiceProcess _other = null!;

    public async Task InitializeAsync()
    {
        if (PostgresServer.Missing is not null && !InstalledProgram.IsRequired)
        {
            return;
        }

        _server = await PostgresServer.StartNewAsync();
        _one = await StartAsync();
        _other = await StartAsync();
    }

    public async Task DisposeAsync()
    {
        _one?.Dispose();
        _other?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [ReplicasFact]
    public async Task Keys_CreatedOverHttp_WorkAtOnceFailAfterRevocationAndLeaveNoSecretBehind()
    {
        var secrets = new List<string>();
        for (var round = 0; round < 3; round++)
        {
            var (id, first) = await ChangeKeyAsync(_one, Keys, $$"""{"name": "studio{{round}}"}""");
            Assert.Equal(HttpStatusCode.OK, await ImageStatusAsync(_other, first)); // at once
            var (_, second) = await ChangeKeyAsync(_other, $"{Keys}/{id}/rotate", """{"grace_seconds": 0}""");
            Assert.Equal(HttpStatusCode.OK, await ImageStatusAsync(_one, second));
            await AssertRefusedSoonAsync(first);

            using var revoke = Request(HttpMethod.Delete, $"{Keys}/{id}", Operator, json: null);
            using var revoked = await _one.Client.SendAsync(revoke);
            Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
            await AssertRefusedSoonAsync(second);
            secrets.AddRange([first, second]);
        }

        var (_, kept) = await ChangeKeyAsync(_one, Keys, """{"name": "kept"}""");
        var dump = await DumpAsync();
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(kept))), dump, StringComparison.Ordinal);
        Assert.All([.. secrets, kept, Operator], secret => Assert.DoesNotContain(secret[10..], dump, StringComparison.Ordinal)); // the rest is the prefix
    }

    [ReplicasFact]
    public async Task Post_WhoseProcessIsKilledWhileItDraws_IsTakenOverAndAnsweredAlike()
    {
        const string Request = """{"class_label": 3, "n": 10}""";
        await using var source = NpgsqlDataSource.Create(_server!.ConnectionString);
        for (var round = 0; round < 2; round++)
        {
            // The connection is open and 160 images go first, so that the process has not answered when it is killed.
            await using var connection = await source.OpenConnectionAsync();
            var before = Enumerable.Range(0, 16).Select(number => PostWithKeyAsync(_one, $"before-{round}-{number}", Request)).ToList();
            var lost = PostWithKeyAsync(_one, $"k{round}", Request);
            await WaitForClaimAsync(connection, $"k{round}", lost);
            _one.Kill();
            var waiting = Enumerable.Range(0, 5).Select(_ => PostWithKeyAsync(_other, $"k{round}", Request)).ToList();
            Assert.NotNull(await Record.ExceptionAsync(() => lost));
            await Task.WhenAll(before.Select(request => Record.ExceptionAsync(() => request)));
            var killed = _one;
            _one = await StartAsync();
            killed.Dispose();

            List<string> answers = [.. await Task.WhenAll(waiting).WaitAsync(Patience), await PostWithKeyAsync(_one, $"k{round}", Request)];

            Assert.Single(answers.Distinct());
        }
    }

    private static async Task<string> PostWithKeyAsync(ServiceProcess service, string key, string json)
    {
        using var request = Request(HttpMethod.Post, Images, Operator, json);
        request.Headers.Add("Idempotency-Key", key);
        using var response = await service.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync();
    }

    private static async Task<(string Id, string Secret)> ChangeKeyAsync(ServiceProcess service, string path, string json)
    {
        using var request = Request(HttpMethod.Post, path, Operator, json);
        using var response = await service.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var created = await response.Content.ReadFromJsonAsync<JsonElement>();
        return (created.GetProperty("key").GetProperty("id").GetString()!, created.GetProperty("secret").GetString()!);
    }

    private static async Task<HttpStatusCode> ImageStatusAsync(ServiceProcess service, string key)
    {
        using var request = Request(HttpMethod.Post, Images, key, """{"class_label": 1}""");
        using var response = await service.Client.SendAsync(request);
        return response.StatusCode;
    }

    private async Task AssertRefusedSoonAsync(string key)
    {
        var since = Stopwatch.StartNew();
        foreach (var service in new[] { _one, _other })
        {
            while (await ImageStatusAsync(service, key) != HttpStatusCode.Unauthorized)
            {
                Assert.True(since.Elapsed < RevocationTime, $"The key is accepted after {since.Elapsed}.");
            }
        }
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, string key, string? json)
    {
        var request = new HttpRequestMessage(method, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
        request.Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        return request;
    }

    private static async Task WaitForClaimAsync(NpgsqlConnection connection, string key, Task<string> answer)
    {
        await using var count = new NpgsqlCommand("select count(*) from responses where status is null and request_key = $1", connection);
        count.Parameters.Add(new NpgsqlParameter { Value = key });
        for (var since = Stopwatch.StartNew(); (long)(await count.ExecuteScalarAsync())! == 0;)
        {
            Assert.False(answer.IsCompleted, "The request was answered before its claim was seen.");
            Assert.True(since.Elapsed < Patience, "The request was not claimed.");
        }
    }

    /// <summary>Returns all rows of all tables.</summary>
    private async Task<string> DumpAsync()
    {
        await using var source = NpgsqlDataSource.Create(_server!.ConnectionString);
        var dump = new StringBuilder();
        foreach (var table in await ReadAsync(source, "select tablename from pg_tables where schemaname = 'public'"))
        {
            dump.AppendLine(table).AppendJoin('\n', await ReadAsync(source, $"select t::text from {table} t")).AppendLine();
        }

        return dump.ToString();
    }

    private static async Task<List<string>> ReadAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    private async Task<ServiceProcess> StartAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        return await ServiceProcess.StartAsync(
            port,
            $"--Storage:ConnectionString={_server!.ConnectionString}",
            "--Security:RequestsPerMinute=0",
            "--Inference:MaxQueuedImages=512", // a key fills half of the queue at most
            "--Security:ApiKeys:0:Name=operator",
            $"--Security:ApiKeys:0:Sha256={Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Operator)))}",
            "--Security:ApiKeys:0:Admin=true");
    }

    /// <summary>A test that is skipped without PostgreSQL, unless all tests are required.</summary>
    private sealed class ReplicasFactAttribute : FactAttribute
    {
        public ReplicasFactAttribute() => Skip = InstalledProgram.IsRequired ? null : PostgresServer.Missing;
    }
}
