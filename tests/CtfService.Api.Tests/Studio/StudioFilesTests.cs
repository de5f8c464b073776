using System.Text.RegularExpressions;
using CtfService.Api.Hosting;
using CtfService.Api.Studio;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Studio;

/// <summary>The files of the page themselves: what its content security policy needs, and its size.</summary>
public sealed partial class StudioFilesTests
{
    private const int MaxBytes = 100_000;

    private static readonly string Folder = RepositoryFolder.File("src", "CtfService.Api", "wwwroot");

    private static readonly FileInfo[] Files = new DirectoryInfo(Folder).GetFiles("*", SearchOption.AllDirectories);

    [Fact]
    public void Page_AllFiles_AreSmall() => Assert.InRange(Files.Sum(file => file.Length), 1, MaxBytes);

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
        var served = StudioFiles.Read(Folder);
        var references = Files.Where(file => file.Extension is ".html" or ".js" or ".css")
            .SelectMany(file => Reference().Matches(File.ReadAllText(file.FullName))
                .Select(match => (In: file, Path: Path.GetRelativePath(Folder, Path.Combine(file.DirectoryName!, match.Groups["path"].Value)))))
            .Select(found => (found.In.Name, Path: found.Path.Contains("studio/", StringComparison.Ordinal) ? $"/{found.Path}" : found.Path)).ToList();

        Assert.Contains(references, reference => reference.Path == "/studio/app.js");
        Assert.All(references, reference => Assert.True(served.Find(reference.Path) is not null, $"{reference.Name} needs {reference.Path}."));
    }

    [Fact]
    public void Page_Scripts_ContactOnlyThisService() => Assert.All(
        Files,
        file => Assert.DoesNotMatch(@"https?://(?!www\.w3\.org/2000/svg|\$\{|localhost)", File.ReadAllText(file.FullName)));

    [Fact]
    public void Read_NoPage_SaysWhatToDo()
    {
        using var folder = new TemporaryFolder();

        var refused = Assert.Throws<StartRefusedException>(() => StudioFiles.Read(folder.Root));

        Assert.Equal(
            $"{folder.File("index.html")} is missing, the page that Studio:Enabled serves. Restore it, or set that to false.", Assert.Single(refused.Problems));
    }

    /// <summary>Modules, styles and icons: relative ones of scripts, and absolute ones below the page's folder.</summary>
    [GeneratedRegex("""(?:from|import\()\s*"(?<path>\./[^"]+)"|(?:src|href)="/(?<path>studio/[^"]+)"|url\("?(?<path>[^")]+)"?\)""")]
    private static partial Regex Reference();
}
