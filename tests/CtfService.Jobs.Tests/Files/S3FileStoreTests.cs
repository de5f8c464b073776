using CtfService.Jobs.Files;

namespace CtfService.Jobs.Tests.Files;

/// <summary>The S3 store against a stand-in that speaks the protocol.</summary>
public sealed class S3FileStoreTests : FileStoreTests, IDisposable
{
    private readonly S3Server _server = new();
    private readonly S3FileStore _store;

    public S3FileStoreTests() => _store = Open(S3Server.Bucket);

    private protected override IFileStore Store => _store;

    public void Dispose()
    {
        _store.Dispose();
        _server.Dispose();
    }

    [Fact]
    public async Task Publish_LargeContent_IsSentInPartsOfBoundedSize()
    {
        await Store.PublishAsync("a", (stream, cancellation) => stream.WriteAsync(new byte[20 << 20], cancellation).AsTask(), default);

        Assert.Equal(8 << 20, _server.LargestBody);
        Assert.Equal(0, _server.OpenUploads);
        Assert.Equal(20 << 20, (await Store.FindAsync("a", default))!.Length);
    }

    [Fact]
    public async Task Publish_LargeContentOfATakenName_KeepsTheFirstAndDiscardsTheParts()
    {
        var isFirst = await Store.PublishAsync(
            "a",
            async (stream, cancellation) =>
            {
                await stream.WriteAsync(new byte[20 << 20], cancellation);
                Assert.Equal(1, _server.OpenUploads);
                await Publish("a", "first"); // after the check that precedes a write, at the latest, the condition decides
            },
            default);

        Assert.False(isFirst);
        Assert.Equal("first", await Read("a"));
        Assert.Equal(0, _server.OpenUploads);
    }

    [Fact]
    public async Task Publish_WriterOfLargeContentFails_DiscardsTheParts()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() => Store.PublishAsync(
            "a",
            async (stream, cancellation) =>
            {
                await stream.WriteAsync(new byte[20 << 20], cancellation);
                throw new InvalidDataException("The source broke off.");
            },
            default));

        Assert.Equal(0, _server.OpenUploads);
        Assert.Empty(await List(""));
    }

    [Fact]
    public async Task Publish_StorageWithoutConditions_StillKeepsTheFirst()
    {
        _server.KnowsConditions = false;

        Assert.True(await Publish("a", "first"));
        Assert.False(await Publish("a", "second"));
        Assert.True(await Store.PublishAsync("b", (stream, cancellation) => stream.WriteAsync(new byte[20 << 20], cancellation).AsTask(), default));
        Assert.Equal("first", await Read("a"));
    }

    [Fact]
    public async Task Any_OverloadedStorage_IsTriedAgain()
    {
        _server.Errors.Enqueue((503, "SlowDown"));
        _server.Errors.Enqueue((500, "InternalError"));

        Assert.True(await Publish("a", "content"));

        Assert.Empty(_server.Errors);
        Assert.Equal("content", await Read("a"));
    }

    [Theory]
    [InlineData(403, "AccessDenied", "Storage:S3AccessKeyId")]
    [InlineData(400, "InvalidRequest", "400 InvalidRequest")]
    public async Task Any_RefusedRequest_SaysWhatToDo(int status, string code, string expected)
    {
        foreach (var attempt in new Func<Task>[] { () => Store.OpenAsync("a", 0, null, default), () => List(""), () => Store.DeleteAsync("a", default) })
        {
            _server.Errors.Enqueue((status, code));

            var error = await Assert.ThrowsAsync<FileStoreUnavailableException>(attempt);

            Assert.Contains($"'{S3Server.Bucket}'", error.Message, StringComparison.Ordinal);
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Publish_MissingBucket_SaysWhatToDo()
    {
        using var store = Open("other-bucket");

        var error = await Assert.ThrowsAsync<FileStoreUnavailableException>(() => store.PublishAsync(
            "a", (stream, cancellation) => stream.WriteAsync("x"u8.ToArray(), cancellation).AsTask(), default));

        Assert.Contains("'other-bucket'", error.Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_NoStorage_SaysWhatToDo()
    {
        _server.Dispose();

        var error = await Assert.ThrowsAsync<FileStoreUnavailableException>(() => Store.FindAsync("a", default));

        Assert.Contains("cannot be reached", error.Message, StringComparison.Ordinal);
        Assert.Contains("Storage:S3ServiceUrl", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_HaveThePrefixInTheBucketOnly()
    {
        await Publish("jobs/a", "x");

        Assert.Equal(["jobs/a"], await List("jobs/"));
        Assert.Contains(_server.Requests, request => request == $"PUT /{S3Server.Bucket}/ctf/jobs/a");
    }

    private S3FileStore Open(string bucket) => new(S3Clients.Create(_server.Address, region: "", "key", "secret"), bucket, "ctf/");
}
