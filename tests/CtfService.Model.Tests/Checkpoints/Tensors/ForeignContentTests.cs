using System.IO.Compression;
using System.Text;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Checkpoints.Tensors;

/// <summary>Files of failed downloads and of other programs are recognised, whatever their name.</summary>
public sealed class ForeignContentTests : IDisposable
{
    private const string LfsPointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 287920305\n";

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Texts => new()
    {
        { LfsPointer, "is a Git LFS pointer to a file of 287920305 bytes, not the file itself. Fetch it with `git lfs pull`" },
        { "<!DOCTYPE html><html><head><title>Sign in</title></head></html>", "is a web page ('Sign in'), not a weight file. Download the file again" },
        { "\ufeff\n  <HTML>\n<body>", "is a web page, not a weight file" },
        {
            "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>",
            "is an XML document, probably the error of a storage service, not a weight file: <?xml version=\"1.0\"?> <Error><Code>AccessDenied"
        },
        {
            "{\"error\": \"Repository not found\"}",
            "is a JSON document, probably the error of a server, not a weight file: {\"error\": \"Repository not found\"}"
        },
        { "Not Found", "is a text file, not a weight file: Not Found." },
        { "Zugriff verweigert: bitte später noch einmal", "is a text file, not a weight file: Zugriff verweigert: bitte später" },
        { "", "is empty. Download the file again" },
        { new string('\0', 4096), "starts with 1024 zero bytes" },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Texts))]
    public void Open_TextInPlaceOfWeights_IsRecognised(string content, string expected)
    {
        foreach (var name in new[] { "weights.pt", "weights.safetensors" })
        {
            File.WriteAllText(_folder.File(name), content);

            Assert.Contains($"{name}: {expected}", Refusal(name), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Open_CompressedFile_SaysHowToUnpackIt()
    {
        using (var gzip = new GZipStream(File.Create(_folder.File("weights.pt")), CompressionLevel.Fastest))
        {
            gzip.Write("anything"u8);
        }

        Assert.Contains("is compressed with gzip, not a weight file. Unpack it with gunzip", Refusal("weights.pt"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0x80, 4, 0x95, 1 }, "is a bare pickle, not a file written by torch.save")]
    [InlineData(new byte[] { 0x89, (byte)'H', (byte)'D', (byte)'F', 13, 10 }, "is an HDF5 file")]
    [InlineData(new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10 }, "is a PNG image")]
    public void Open_FileOfAnotherProgram_IsRecognised(byte[] start, string expected)
    {
        File.WriteAllBytes(_folder.File("weights.pt"), [.. start, .. new byte[300]]);

        Assert.Contains(expected, Refusal("weights.pt"), StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OtherZip_ListsItsEntries()
    {
        using (var zip = ZipFile.Open(_folder.File("weights.pt"), ZipArchiveMode.Create))
        {
            zip.CreateEntry("readme.txt");
            zip.CreateEntry("weights/model.pt");
        }

        Assert.Contains(
            "is a zip file, but was not written by torch.save: it contains readme.txt, weights/model.pt. Unpack it",
            Refusal("weights.pt"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Open_TorchScript_IsRecognised()
    {
        using (var zip = ZipFile.Open(_folder.File("weights.pt"), ZipArchiveMode.Create))
        {
            zip.CreateEntry("model/data.pkl");
            zip.CreateEntry("model/constants.pkl");
            zip.CreateEntry("model/code/__torch__.py");
        }

        Assert.Contains(
            "is a TorchScript file (torch.jit.save), a program with its weights, which is not supported",
            Refusal("weights.pt"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ZipWithoutItsEnd_IsTruncated()
    {
        TorchFileWriter.Write(_folder.File("weights.pt"), [("first", [1000])], TorchFileWriter.FillRandom);
        var bytes = File.ReadAllBytes(_folder.File("weights.pt"));
        File.WriteAllBytes(_folder.File("weights.pt.part"), bytes[..2000]);

        var message = Refusal("weights.pt.part");

        Assert.Contains("is a zip file without a central directory; it was truncated", message, StringComparison.Ordinal);
        Assert.Contains("The extension .part marks an incomplete download", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_BundleOfPointers_SaysSo()
    {
        using var bundle = new TinyBundle();
        File.WriteAllText(Path.Combine(bundle.Directory, BundleFiles.Coarse), LfsPointer);

        var error = Assert.Throws<CheckpointException>(() => BundleReader.Open(bundle.Directory));

        Assert.Matches("coarse.safetensors has 74 bytes, but the manifest says [0-9]+; it is a Git LFS pointer", error.Message);
    }

    [Fact]
    public void Open_ManifestIsAWebPage_SaysSo()
    {
        using var bundle = new TinyBundle();
        File.WriteAllText(Path.Combine(bundle.Directory, BundleFiles.Manifest), "<!DOCTYPE html>", Encoding.UTF8);

        var error = Assert.Throws<CheckpointException>(() => BundleReader.Open(bundle.Directory));

        Assert.Contains("model.json: is a web page", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_SafetensorsFile_IsNotForeign()
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        SafetensorsWriter.Write(_folder.File("weights.pt"), [("first", TorchSharp.torch.ones(3))]); // the name does not matter

        using var file = CheckpointFile.Open(_folder.File("weights.pt"));

        Assert.Equal("first", Assert.Single(file.Entries).Name);
    }

    private string Refusal(string name) => Assert.Throws<CheckpointException>(() => CheckpointFile.Open(_folder.File(name))).Message;
}
