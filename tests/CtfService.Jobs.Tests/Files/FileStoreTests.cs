using System.Text;
using CtfService.Jobs.Files;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Jobs.Tests.Files;

/// <summary>What every file store does.</summary>
public abstract class FileStoreTests
{
    private const string Name = "jobs/batch_1/000007.jsonl";

    protected FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    [Fact]
    public async Task Publish_NewName_CanBeFoundAndRead()
    {
        Assert.True(await Publish(Name, "content"));

        Assert.Equal((Name, 7), await Store.FindAsync(Name, default) is { } file ? (file.Name, file.Length) : default);
        Assert.Equal("content", await Read(Name));
    }

    [Fact]
    public async Task Publish_TakenName_KeepsTheFirst()
    {
        await Publish(Name, "first");

        Assert.False(await Publish(Name, "second, longer"));
        Assert.Equal("first", await Read(Name));
    }

    [Fact]
    public async Task Publish_WriterFails_StoresNothingAndPassesItsError()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() => Store.PublishAsync(
            Name,
            async (stream, cancellation) =>
            {
                await stream.WriteAsync("half"u8.ToArray(), cancellation);
                throw new InvalidDataException("The source broke off.");
            },
            default));

        Assert.Null(await Store.FindAsync(Name, default));
        Assert.Empty(await List(""));
        Assert.True(await Publish(Name, "whole"));
    }

    [Fact]
    public async Task Publish_Unfinished_IsInvisible()
    {
        await Store.PublishAsync(
            Name,
            async (stream, cancellation) =>
            {
                await stream.WriteAsync(new byte[100_000], cancellation);
                Assert.Null(await Store.FindAsync(Name, default));
                Assert.Null(await Store.OpenAsync(Name, 0, null, default));
                Assert.Empty(await List(""));
            },
            default);

        Assert.Equal(100_000, (await Store.FindAsync(Name, default))!.Length);
    }

    [Fact]
    public async Task Publish_ManyWritersOfOneName_OneWinsAndReadersSeeItsFileOnly()
    {
        var letters = "abcdefgh";
        var writers = letters.Select(letter => Task.Run(() => Publish(Name, new string(letter, 50_000)))).ToList();
        var seen = new List<string>();
        while (!writers.TrueForAll(writer => writer.IsCompleted))
        {
            if (await Store.OpenAsync(Name, 0, null, default) is { } stream)
            {
                seen.Add(await Read(stream));
            }
        }

        var wins = await Task.WhenAll(writers);

        Assert.Single(wins, isFirst => isFirst);
        var winner = new string(letters[wins.ToList().IndexOf(true)], 50_000);
        Assert.All(seen.Append(await Read(Name)), text => Assert.Equal(winner, text));
    }

    [Fact]
    public async Task Publish_EmptyContent_IsAFile()
    {
        Assert.True(await Publish(Name, ""));

        Assert.Equal(0, (await Store.FindAsync(Name, default))!.Length);
        Assert.Equal("", await Read(Name));
    }

    [Fact]
    public async Task Publish_LargeContent_IsReadBackByteForByte()
    {
        var content = new byte[(17 << 20) + 11]; // more than two parts of a multipart upload
        new Random(7).NextBytes(content);

        await Store.PublishAsync(
            Name,
            async (stream, cancellation) =>
            {
                for (var start = 0; start < content.Length; start += 100_003)
                {
                    await stream.WriteAsync(content.AsMemory(start, Math.Min(100_003, content.Length - start)), cancellation);
                }

                Assert.Equal(content.Length, stream.Position);
            },
            default);

        using var copy = new MemoryStream();
        await using var stored = (await Store.OpenAsync(Name, 0, null, default))!;
        await stored.CopyToAsync(copy);
        Assert.True(content.AsSpan().SequenceEqual(copy.ToArray()));
    }

    [Theory]
    [InlineData(0, null, "0123456789")]
    [InlineData(3, null, "3456789")]
    [InlineData(3, 4L, "3456")]
    [InlineData(8, 4L, "89")]
    [InlineData(10, null, "")]
    [InlineData(99, 4L, "")]
    [InlineData(3, 0L, "")]
    public async Task Open_Range_ReadsThoseBytes(long offset, long? length, string expected)
    {
        await Publish(Name, "0123456789");

        await using var stream = (await Store.OpenAsync(Name, offset, length, default))!;

        Assert.Equal(expected, await Read(stream));
    }

    [Fact]
    public async Task Find_NoFile_IsNull()
    {
        Assert.Null(await Store.FindAsync(Name, default));
        Assert.Null(await Store.OpenAsync(Name, 0, null, default));
        await Publish("jobs/batch_1/x", "");
        Assert.Null(await Store.FindAsync("jobs/batch_1", default));
        Assert.Null(await Store.OpenAsync("jobs/batch_1", 0, null, default));
    }

    [Fact]
    public async Task List_Prefix_ReturnsItsFilesInOrdinalOrder()
    {
        string[] names = ["jobs/1/b", "jobs/1/a-x", "jobs/1/a/x", "jobs/1/a.x", "jobs/10/a", "jobs/1/B", "uploads/1"];
        foreach (var name in names)
        {
            await Publish(name, name);
        }

        Assert.Equal(names.Order(StringComparer.Ordinal), await List(""));
        Assert.Equal(["jobs/1/B", "jobs/1/a-x", "jobs/1/a.x", "jobs/1/a/x", "jobs/1/b"], await List("jobs/1/"));
        Assert.Equal(["jobs/1/a-x", "jobs/1/a.x", "jobs/1/a/x"], await List("jobs/1/a"));
        Assert.Empty(await List("jobs/2/"));
    }

    [Fact]
    public async Task List_ManyFiles_ReturnsAll()
    {
        var names = Enumerable.Range(0, 23).Select(number => $"jobs/1/{number:000000}").ToList();
        foreach (var name in names)
        {
            await Publish(name, "");
        }

        Assert.Equal(names, await List("jobs/"));
    }

    [Fact]
    public async Task Delete_File_IsGoneAndItsNameIsFree()
    {
        await Publish(Name, "first");

        await Store.DeleteAsync(Name, default);
        await Store.DeleteAsync(Name, default);

        Assert.Null(await Store.FindAsync(Name, default));
        Assert.Empty(await List(""));
        Assert.True(await Publish(Name, "second"));
        Assert.Equal("second", await Read(Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/etc/passwd")]
    [InlineData("../other")]
    [InlineData("jobs/../../other")]
    [InlineData("jobs//x")]
    [InlineData("jobs/")]
    [InlineData("jobs/.hidden")]
    [InlineData("jobs\\x")]
    [InlineData("jobs/x\n")]
    [InlineData("jobs/ä")]
    [InlineData("C:/x")]
    public async Task Any_InvalidName_IsAnArgumentException(string name)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Store.FindAsync(name, default));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.OpenAsync(name, 0, null, default));
        await Assert.ThrowsAsync<ArgumentException>(() => Publish(name, ""));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.DeleteAsync(name, default));
    }

    private protected abstract IFileStore Store { get; }

    protected Task<bool> Publish(string name, string text) => Store.PublishAsync(
        name, (stream, cancellation) => stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellation).AsTask(), CancellationToken.None);

    protected async Task<string> Read(string name)
    {
        await using var stream = (await Store.OpenAsync(name, 0, null, CancellationToken.None))!;
        return await Read(stream);
    }

    protected static async Task<string> Read(Stream stream)
    {
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    protected async Task<IReadOnlyList<string>> List(string prefix)
    {
        var names = new List<string>();
        await foreach (var file in Store.ListAsync(prefix, CancellationToken.None))
        {
            names.Add(file.Name);
        }

        return names;
    }
}
