using System.Text.RegularExpressions;
using System.Xml.Linq;
using CtfService.TestSupport;

namespace CtfService.Core.Tests.Architecture;

/// <summary>Checks which project references which, from the project files and the usings of the sources.</summary>
public sealed class ArchitectureTests
{
    [Theory]
    [InlineData("Core", new string[0])]
    [InlineData("Model", new[] { "Core" })]
    [InlineData("Inference", new[] { "Core" })]
    [InlineData("Jobs", new[] { "Core" })]
    [InlineData("Datasets", new[] { "Core", "Model" })]
    [InlineData("Training", new[] { "Model" })]
    [InlineData("EngineBenchmarks", new[] { "Model" })]
    [InlineData("LoadGenerator", new[] { "Model" })]
    [InlineData("Cli", new[] { "Datasets", "EngineBenchmarks", "Inference", "LoadGenerator", "Model", "Training" })]
    [InlineData("Api", new[] { "Datasets", "Inference", "Jobs", "Model" })]
    [InlineData("Gateway", new string[0])]
    public void Project_References_PointDownwardsOnly(string project, string[] allowed)
    {
        var referenced = References(project, "ProjectReference")
            .Select(path => Path.GetFileNameWithoutExtension(path).Replace("CtfService.", "", StringComparison.Ordinal));

        Assert.Empty(referenced.Except(allowed));
    }

    [Fact]
    public void Projects_InTheSourceFolder_AllHaveARule()
    {
        var projects = Directory.GetDirectories(RepositoryFolder.File("src")).Select(Path.GetFileName).Order(StringComparer.Ordinal);

        Assert.Equal(
            ["Api", "Cli", "Core", "Datasets", "Gateway", "Inference", "Jobs", "Model", "Training"],
            projects.Select(name => name!.Replace("CtfService.", "", StringComparison.Ordinal)));
    }

    [Fact]
    public void Core_PackageReferences_AreEmpty()
    {
        Assert.Empty(References("Core", "PackageReference"));
        Assert.Empty(References("Core", "FrameworkReference"));
    }

    [Theory]
    [InlineData("Core")]
    [InlineData("Inference")]
    [InlineData("Jobs")]
    [InlineData("Datasets")]
    [InlineData("Training")]
    [InlineData("EngineBenchmarks")]
    [InlineData("LoadGenerator")]
    [InlineData("Cli")]
    [InlineData("Api")]
    [InlineData("Gateway")]
    public void TorchSharp_PackageReference_IsInModelOnly(string project)
    {
        Assert.DoesNotContain(
            References(project, "PackageReference"),
            package => package.Contains("torch", StringComparison.OrdinalIgnoreCase) || package.StartsWith("SkiaSharp", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Core")]
    [InlineData("Model")]
    [InlineData("Inference")]
    [InlineData("Jobs")]
    [InlineData("Datasets")]
    [InlineData("Training")]
    [InlineData("EngineBenchmarks")]
    [InlineData("LoadGenerator")]
    [InlineData("Cli")]
    public void AspNetCore_Reference_IsInApiAndGatewayOnly(string project)
    {
        Assert.NotEqual("Microsoft.NET.Sdk.Web", (string?)ProjectFile(project).Root!.Attribute("Sdk"));
        Assert.DoesNotContain(
            References(project, "PackageReference").Concat(References(project, "FrameworkReference")),
            name => name.Contains("AspNetCore", StringComparison.Ordinal));
    }

    [Fact]
    public void Model_Internals_AreVisibleToBenchmarksAndTestsOnly()
    {
        var friends = References("Model", "InternalsVisibleTo").Where(friend => !friend.EndsWith(".Tests", StringComparison.Ordinal));

        Assert.Equal(["CtfService.Benchmarks", "CtfService.EngineBenchmarks", "CtfService.FaultyService"], friends.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Core", "CtfService.Model", "CtfService.Inference", "CtfService.Training", "CtfService.Api", "TorchSharp", "Microsoft.AspNetCore")]
    [InlineData("Inference", "CtfService.Model", "CtfService.Training", "CtfService.Api", "TorchSharp", "Microsoft.AspNetCore")]
    [InlineData("Model", "CtfService.Inference", "CtfService.Training", "CtfService.Api", "Microsoft.AspNetCore")]
    [InlineData("Datasets", "CtfService.Inference", "CtfService.Training", "CtfService.Api", "TorchSharp", "SkiaSharp", "Microsoft.AspNetCore")]
    [InlineData("Training", "CtfService.Inference", "CtfService.Api", "Microsoft.AspNetCore")]
    [InlineData("Api", "CtfService.Training", "TorchSharp", "SkiaSharp")]
    public void Sources_Usings_KeepTheDirection(string project, params string[] forbidden)
    {
        var sources = Directory.EnumerateFiles(RepositoryFolder.File("src", $"CtfService.{project}"), "*.cs", SearchOption.AllDirectories);

        var offences = sources.SelectMany(file => File.ReadLines(file)
            .Where(line => forbidden.Any(name => Regex.IsMatch(line, $@"^using {Regex.Escape(name)}[.;]")))
            .Select(line => $"{Path.GetRelativePath(RepositoryFolder.Root, file)}: {line}"));

        Assert.Empty(offences);
    }

    private static List<string> References(string project, string kind) =>
        [.. ProjectFile(project).Descendants(kind).Select(reference => (string?)reference.Attribute("Include")).OfType<string>()];

    private static XDocument ProjectFile(string project)
    {
        var folder = project is "EngineBenchmarks" or "LoadGenerator" ? "bench" : "src"; // the libraries in bench/ that ship with a program
        return XDocument.Load(RepositoryFolder.File(folder, $"CtfService.{project}", $"CtfService.{project}.csproj"));
    }
}
