using System.Formats.Tar;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;

namespace CtfService.Training.Tests.Data.Files;

/// <summary>Links in folders and tar files, and files that only one of them can hold.</summary>
public sealed class DatasetLinksTests : IDisposable
{
    private static readonly byte[] Png = ImageCodec.Encode(TemporaryImages.Plain(4, 4, 1, 2, 3), ImageFormat.Png);

    private readonly TemporaryImages _files = new();
    private readonly TemporaryFolder _tars = new();

    public void Dispose()
    {
        _files.Dispose();
        _tars.Dispose();
    }

    [LinkTheory]
    [InlineData("cat/up", "..")]
    [InlineData("cat/here", ".")]
    [InlineData("cat/far", "../..")]
    [InlineData("cat/inner/up", "../..")]
    public void Open_LinkToAFolderAbove_IsNamedAndNotFollowed(string link, string target)
    {
        _files.Add("cat/0.png", Png).Add("cat/inner/1.png", Png).Add("dog/0.png", Png);
        Link(link, target);

        var dataset = ImageDatasetReader.Open(_files.Root, 4);

        Assert.Equal([0, 0, 1], dataset.ClassIds);
        Assert.Equal($"{link}: a link to an enclosing folder", Assert.Single(dataset.Skipped).ToString());
    }

    [LinkFact]
    public void Open_FoldersThatLinkToEachOther_AreReadOnceForEachClass()
    {
        _files.Add("cat/0.png", Png).Add("dog/0.png", Png);
        Link("cat/more", "../dog");
        Link("dog/more", "../cat");

        var dataset = ImageDatasetReader.Open(_files.Root, 4);

        Assert.Equal([0, 0, 1, 1], dataset.ClassIds);
        Assert.Equal(2, Assert.Single(dataset.Skipped).Count);
    }

    [LinkFact]
    public void Open_LinksToFilesAndFoldersElsewhere_AreFollowed()
    {
        _files.Add("store/x/0.png", Png).Add("store/y/1.png", Png);
        Directory.CreateDirectory(Path.Combine(_files.Root, "train/a"));
        Link("train/a/0.png", "../../store/x/0.png");
        Link("train/b", "../store/y");

        var dataset = ImageDatasetReader.Open(_files.Root, 4, "train");

        Assert.Equal(["a", "b"], dataset.ClassNames);
        Assert.Equal([0, 1], dataset.ClassIds);
        Assert.Empty(dataset.Skipped);
    }

    [LinkFact]
    public void Open_LinksToNothing_AreNamed()
    {
        _files.Add("cat/0.png", Png);
        Link("cat/1.png", "gone.png");
        Link("cat/2.png", "2.png");

        Assert.Equal("cat/1.png, cat/2.png: a broken link", Assert.Single(ImageDatasetReader.Open(_files.Root, 4).Skipped).ToString());
    }

    public static TheoryData<string, TarEntry[], int> LinkedTars => new()
    {
        { "hard", [Entry("cat/0.png"), Hard("cat/1.png", "cat/0.png")], 2 },
        { "hard before its target", [Hard("cat/1.png", "./cat/0.png"), Entry("./cat/0.png")], 2 },
        { "symbolic", [Entry("cat/0.png"), Symbolic("cat/1.png", "0.png")], 2 },
        { "chain", [Symbolic("cat/2.png", "1.png"), Symbolic("cat/1.png", "../dog/0.png"), Hard("dog/0.png", "store/x"), Entry("store/x")], 4 },
        { "folder", [Entry("store/cats/0.png"), Entry("store/cats/1.png"), Symbolic("cat", "store/cats"), Entry("dog/0.png")], 5 },
        { "through a linked folder", [Entry("store/cats/0.png"), Symbolic("cats", "store/cats"), Symbolic("dog/1.png", "../cats/0.png")], 3 },
    };

    [Theory]
    [MemberData(nameof(LinkedTars))]
    public void Open_TarWithLinks_FollowsThem(string kind, TarEntry[] entries, int images)
    {
        var dataset = ImageDatasetReader.Open(Tar(entries), 4);

        Assert.True(images == dataset.Count, $"{kind}: {dataset.Count} images, {string.Join("; ", dataset.Skipped)}");
        Assert.Empty(dataset.Skipped);
    }

    [Theory]
    [InlineData("../../../etc/passwd", "a link to a target outside the tar file")]
    [InlineData("/etc/passwd", "a link to a target outside the tar file")]
    [InlineData("gone.png", "a broken link")]
    [InlineData("1.png", "a broken link")]
    [InlineData("..", "a link to an enclosing folder")]
    [InlineData(".", "a link to an enclosing folder")]
    public void Open_TarWithALinkThatCannotBeFollowed_NamesIt(string target, string reason)
    {
        var dataset = ImageDatasetReader.Open(Tar([Entry("train/cat/0.png"), Symbolic("train/cat/1.png", target)]), 4, "train");

        Assert.Single(dataset.Images);
        Assert.Equal($"train/cat/1.png: {reason}", Assert.Single(dataset.Skipped).ToString());
    }

    [Fact]
    public void Open_TarWithDuplicateNames_TakesTheLaterAndNamesIt()
    {
        var dataset = ImageDatasetReader.Open(Tar([Entry("cat/0.png", [1]), Entry("cat/0.png")]), 4);

        Assert.Single(dataset.Images);
        Assert.Equal("cat/0.png: replaced by a later entry with the same name in the tar file", Assert.Single(dataset.Skipped).ToString());
    }

    [Fact]
    public void Open_TarWithPipesAndDevices_NamesThem()
    {
        var dataset = ImageDatasetReader.Open(
            Tar([Entry("cat/0.png"), new PaxTarEntry(TarEntryType.Fifo, "cat/1.png"), new PaxTarEntry(TarEntryType.BlockDevice, "cat/2.png")]),
            4);

        Assert.Equal("cat/1.png, cat/2.png: neither a file, a folder nor a link", Assert.Single(dataset.Skipped).ToString());
    }

    [Fact]
    public void Open_TarWithLongAndNonAsciiNames_ReadsAll()
    {
        var name = $"cat/{new string('n', 90)}/{new string('m', 120)}/日本語.png";

        var tar = Tar([Entry(name), new GnuTarEntry(TarEntryType.RegularFile, "dog/" + name) { DataStream = new MemoryStream(Png) }]);

        Assert.Equal(2, ImageDatasetReader.Open(tar, 4).Count);
    }

    [Fact]
    public void Open_TarWithANameThatIsNotUtf8_NamesIt()
    {
        var tar = Tar([Entry("cat/0.png"), new UstarTarEntry(TarEntryType.RegularFile, "cat/caf#.png") { DataStream = new MemoryStream(Png) }]);
        ReplaceInHeader(tar, "caf#", 0xE9);

        var dataset = ImageDatasetReader.Open(tar, 4);

        Assert.Single(dataset.Images);
        Assert.Equal("its name is not UTF-8; rename it", Assert.Single(dataset.Skipped).Reason);
    }

    [Fact]
    public void Open_TarWithAClassThatIsNotUtf8_IsRejectedByName()
    {
        var tar = Tar([Entry("cat/0.png"), new UstarTarEntry(TarEntryType.RegularFile, "caf#/0.png") { DataStream = new MemoryStream(Png) }]);
        ReplaceInHeader(tar, "caf#", 0xE9);

        Assert.Contains("'caf\uFFFD'", Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(tar, 4)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_TarTruncatedInItsLastImage_IsRejected()
    {
        var tar = Tar([Entry("cat/0.png"), Entry("cat/1.png", new byte[5000])]);
        using (var file = new FileStream(tar, FileMode.Open))
        {
            file.SetLength(file.Length - 4000);
        }

        Assert.Contains("truncated", Assert.Throws<DatasetException>(() => ImageDatasetReader.Open(tar, 4)).Message, StringComparison.Ordinal);
    }

    private static PaxTarEntry Entry(string name) => Entry(name, Png);

    private static PaxTarEntry Entry(string name, byte[] content) => new(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) };

    private static PaxTarEntry Hard(string name, string target) => new(TarEntryType.HardLink, name) { LinkName = target };

    private static PaxTarEntry Symbolic(string name, string target) => new(TarEntryType.SymbolicLink, name) { LinkName = target };

    private string Tar(IEnumerable<TarEntry> entries)
    {
        var path = _tars.File("images.tar");
        using var writer = new TarWriter(File.Create(path));
        foreach (var entry in entries)
        {
            writer.WriteEntry(entry);
        }

        return path;
    }

    /// <summary>Replaces the last letter of <paramref name="text"/> in the header of an entry by a byte and corrects the header's checksum.</summary>
    private static void ReplaceInHeader(string path, string text, byte value)
    {
        const int block = 512, sumPlace = 148, sumDigits = 6;
        var tar = File.ReadAllBytes(path);
        var place = tar.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(text)) + text.Length - 1;
        var header = tar.AsSpan(place / block * block, block);
        tar[place] = value;
        header.Slice(sumPlace, 8).Fill((byte)' ');
        var sum = 0;
        foreach (var item in header)
        {
            sum += item;
        }

        System.Text.Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(sumDigits, '0') + "\0 ").CopyTo(header[sumPlace..]);
        File.WriteAllBytes(path, tar);
    }

    private void Link(string name, string target) => File.CreateSymbolicLink(Path.Combine(_files.Root, name), target);
}

/// <summary>A test that is skipped on Windows, which requires a privilege for links.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinkFactAttribute : FactAttribute
{
    public LinkFactAttribute() => Skip = OperatingSystem.IsWindows() ? "Symbolic links need a privilege on Windows." : null;
}

/// <inheritdoc cref="LinkFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinkTheoryAttribute : TheoryAttribute
{
    public LinkTheoryAttribute() => Skip = OperatingSystem.IsWindows() ? "Symbolic links need a privilege on Windows." : null;
}
