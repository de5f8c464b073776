using System.Text.RegularExpressions;
using CtfService.Api.Hosting;
using CtfService.Api.Studio;
using CtfService.TestSupport;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Tests.Studio;

/// <summary>The files of the page themselves: what its content security policy needs, and its size.</summary>
public sealed partial class StudioFilesTests
{
    private const int MaxBytes = 100_000;

    private static readonly string Folder = RepositoryFolder.File("src", "CtfService.Api", "wwwroot");

    private static readonly FileInfo[] Files = new DirectoryInfo(Folder).GetFiles("*", SearchOption.AllDirectories);

    [Fact]
    public void Page_FilesOfTheStart_AreSmallEvenUncompressed() => Assert.InRange(Loaded("index.html").Sum(path => new FileInfo(path).Length), 1, MaxBytes);

    [Fact]
    public void Page_AllFiles_AreSmallAsTheyAreSent()
    {
        var gzip = StringWithQualityHeaderValue.ParseList(["gzip"]); // larger than Brotli, which browsers prefer
        var served = StudioFiles.Read(Folder);

        var bytes = Files.Sum(file => served.Find(Address(file.FullName))!.For(gzip).Bytes.Length);

        Assert.InRange(bytes, 1, MaxBytes);
    }

    [Fact]
    public void Page_EveryFile_HasAKnownMediaType() => Assert.All(Files, file => Assert.NotNull(StudioMediaTypes.Find(file.Name)));

    [Fact]
    public void Page_Html_HasNoInlineScriptOrStyle()
    {
        var html = File.ReadAllText(Path.Combine(Folder, "index.html"));

        Assert.DoesNotMatch(@"<script(?![^>]*\bsrc=)", html);
        Assert.DoesNotMatch(@"<style|\sstyle=|\son[a-z]+=", html);
    }

    [Fact]
    public void Page_Scripts_NeverBuildMarkupFromText() => Assert.All(
        Files.Where(file => file.Extension == ".js"),
        file => Assert.DoesNotMatch(@"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|""style""", File.ReadAllText(file.FullName)));

    [Fact]
    public void Page_EveryReference_NamesAFileOfThePage()
    {
        var references = Files.Where(file => file.Extension is ".html" or ".js" or ".css")
            .SelectMany(file => References(file.FullName, StartAndLater()).Select(path => (In: file.Name, Path: path))).ToList();

        Assert.Contains(references, reference => reference.Path == Path.Combine(Folder, "studio", "app.js"));
        Assert.All(references, reference => Assert.True(File.Exists(reference.Path), $"{reference.In} needs {reference.Path}."));
    }

    /// <summary>The only addresses are names of formats.</summary>
    [Fact]
    public void Page_Files_NameNoOtherService() => Assert.All(
        Files,
        file => Assert.DoesNotMatch(@"https?://(?!www\.w3\.org/2000/svg|ns\.adobe\.com/xap/1\.0/)", File.ReadAllText(file.FullName)));

    [Fact]
    public void Read_NoPage_SaysWhatToDo()
    {
        using var folder = new TemporaryFolder();

        var refused = Assert.Throws<StartRefusedException>(() => StudioFiles.Read(folder.Root));

        Assert.Equal(
            $"{folder.File("index.html")} is missing, the page that Studio:Enabled serves. Restore it, or set that to false.", Assert.Single(refused.Problems));
    }

    /// <summary>A file and all that the browser loads because of it before anybody does anything.</summary>
    private static HashSet<string> Loaded(string name)
    {
        var loaded = new HashSet<string>();
        var open = new Queue<string>([Path.Combine(Folder, name)]);
        while (open.TryDequeue(out var path))
        {
            foreach (var next in loaded.Add(path) ? References(path, Start()) : [])
            {
                open.Enqueue(next);
            }
        }

        return loaded;
    }

    private static IEnumerable<string> References(string path, Regex kinds) => kinds.Matches(File.ReadAllText(path)).Select(match =>
        Path.GetFullPath(match.Groups["path"].Value.TrimStart('/'), match.Groups["path"].Value.StartsWith('/') ? Folder : Path.GetDirectoryName(path)!));

    private static string Address(string path) =>
        Path.GetRelativePath(Folder, path) is var relative && relative == "index.html" ? "/" : $"/{relative.Replace('\\', '/')}";

    /// <summary>Modules, styles and icons that are loaded with the file that names them.</summary>
    [GeneratedRegex("""from\s*"(?<path>\./[^"]+)"|(?:src|href)="(?<path>/studio/[^"]+)"|\burl\("?(?<path>[^"(){}]+)"?\)""")]
    private static partial Regex Start();

    /// <summary>These, and modules that are loaded when they are needed.</summary>
    [GeneratedRegex("""(?:from|import\()\s*"(?<path>\./[^"]+)"|(?:src|href)="(?<path>/studio/[^"]+)"|\burl\("?(?<path>[^"(){}]+)"?\)""")]
    private static partial Regex StartAndLater();
}
