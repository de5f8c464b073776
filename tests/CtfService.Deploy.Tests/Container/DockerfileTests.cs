using System.Text.Json;
using System.Text.RegularExpressions;
using CtfService.TestSupport;
using Microsoft.Extensions.FileSystemGlobbing;

namespace CtfService.Deploy.Tests.Container;

/// <summary>Checks of the Dockerfile that need no container engine.</summary>
public sealed class DockerfileTests
{
    private static readonly Dockerfile Dockerfile = Dockerfile.OfTheRepository;

    public static TheoryData<string> Targets => ["cpu", "cuda"];

    [Fact]
    public void Bases_OfAllStages_ArePinnedToARelease()
    {
        var images = Dockerfile.Stages.Select(stage => stage.From).Where(from => Dockerfile.Stages.All(stage => stage.Name != from)).ToList();

        Assert.NotEmpty(images);
        Assert.All(images, image => Assert.Matches(@"^[a-z0-9./-]+:\d+\.\d+-[a-z-]+$", image));
    }

    [Fact]
    public void DefaultTarget_IsCpu() => Assert.Equal("cpu", Dockerfile.Default.Name);

    [Theory]
    [MemberData(nameof(Targets))]
    public void Target_User_IsNotRoot(string target)
    {
        var users = Dockerfile.Lineage(Dockerfile.Stage(target)).SelectMany(stage => stage.Of("USER"));

        // $APP_UID is set by the .NET images: 1654, as in deploy/kubernetes.
        Assert.Equal("$APP_UID", users.Last());
    }

    [Fact]
    public void JobsFolder_OfTheRuntime_IsAVolumeOfTheUser()
    {
        var runtime = Dockerfile.Stage("runtime");
        var copy = runtime.Of("COPY").Single(arguments => DockerCopy.Parse(arguments).Destination == runtime.JobsFolder);

        // A new volume gets owner and mode of the folder below it.
        Assert.Contains("--chown=$APP_UID:$APP_UID ", copy, StringComparison.Ordinal);
        Assert.Equal(runtime.JobsFolder, runtime.Of("VOLUME").Single());
        Assert.Equal(["mkdir jobs"], Dockerfile.Stage("projects").Of("RUN"));
        Assert.Equal(["/source/jobs"], DockerCopy.Parse(copy).Sources);
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Target_HealthCheck_RunsTheProgram(string target)
    {
        var check = Dockerfile.Lineage(Dockerfile.Stage(target)).SelectMany(stage => stage.Of("HEALTHCHECK")).Last();

        // The image has no shell, so commands are in exec form.
        Assert.Equal(["/app/CtfService.Api", "--healthcheck"], JsonSerializer.Deserialize<string[]>(check[check.IndexOf('[', StringComparison.Ordinal)..])!);
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Target_Weights_HaveASeparateLayer(string target)
    {
        var copies = Dockerfile.Stage(target).Copies.ToList();

        Assert.Equal(["models/fruits-64/"], copies.First(copy => copy.From is null).Sources);
        Assert.Equal([$"build-{target}", $"build-{target}"], copies.Where(copy => copy.From is not null).Select(copy => copy.From));
    }

    [Fact]
    public void Restore_BeforeSources_ReadsProjectFilesOnly()
    {
        foreach (var build in (DockerStage[])[Dockerfile.Stage("build-cpu"), Dockerfile.Stage("build-cuda")])
        {
            var restore = build.Instructions.FindIndex(instruction => instruction.Arguments.StartsWith("dotnet restore", StringComparison.Ordinal));
            var sources = build.Instructions.FindIndex(instruction => instruction is { Name: "COPY", Arguments: "src/ src/" });

            Assert.InRange(restore, 0, sources - 1);
        }

        Assert.DoesNotContain(Dockerfile.Stage("projects").Copies.SelectMany(copy => copy.Sources), source => source == "src/");
    }

    [Fact]
    public void Restore_ProjectFiles_AreThoseOfTheService()
    {
        var copied = Dockerfile.Stage("projects").Copies.SelectMany(copy => copy.Sources).Where(source => source.EndsWith(".csproj", StringComparison.Ordinal));

        Assert.Equal(ProjectsOf("src/CtfService.Api/CtfService.Api.csproj").Order(StringComparer.Ordinal), copied.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Copies_FromTheContext_ExistAndAreNotIgnored()
    {
        var ignore = DockerIgnore();
        var sources = Dockerfile.Stages.SelectMany(stage => stage.Copies).Where(copy => copy.From is null).SelectMany(copy => copy.Sources).ToList();

        Assert.All(sources, source => Assert.True(
            Path.Exists(RepositoryFolder.File(source)) && ignore.Match(source.EndsWith('/') ? source + "any" : source).HasMatches,
            $"{source} is not there, or .dockerignore leaves it out."));
    }

    [Theory]
    [InlineData("artifacts/bin/CtfService.Api/debug/CtfService.Api.dll")]
    [InlineData("src/CtfService.Api/obj/project.assets.json")]
    [InlineData("runs/a/checkpoint.bin")]
    [InlineData(".git/HEAD")]
    [InlineData("deploy/systemd/ctf-service.env")]
    public void DockerIgnore_FilesThatAreNotCopied_AreNotSent(string path) => Assert.False(DockerIgnore().Match(path).HasMatches);

    [Fact]
    public void ExposedPort_IsThePortOfTheService()
    {
        var runtime = Dockerfile.Stage("runtime");

        Assert.Contains($"ASPNETCORE_URLS=http://+:{runtime.Of("EXPOSE").Single()}", runtime.Of("ENV").SelectMany(variables => variables.Split(' ')));
    }

    /// <summary>Returns a project and all projects that it references.</summary>
    private static HashSet<string> ProjectsOf(string project)
    {
        var folder = Path.GetDirectoryName(project)!;
        var references = Regex.Matches(File.ReadAllText(RepositoryFolder.File(project)), "<ProjectReference Include=\"([^\"]+)\"")
            .Select(match => Path.GetRelativePath(RepositoryFolder.Root, Path.GetFullPath(Path.Combine(RepositoryFolder.Root, folder, match.Groups[1].Value))));
        return [project, .. references.SelectMany(ProjectsOf)];
    }

    /// <summary>Matches the files that are sent to the builder. The first line excludes everything, so the `!` lines are the included files.</summary>
    private static Matcher DockerIgnore()
    {
        var lines = File.ReadAllLines(RepositoryFolder.File(".dockerignore")).Where(line => line.Length > 0 && line[0] != '#').ToList();
        Assert.Equal("*", lines[0]);
        var matcher = new Matcher(StringComparison.Ordinal);
        matcher.AddIncludePatterns(lines.Where(line => line[0] == '!').Select(line => line[1..]));
        matcher.AddExcludePatterns(lines.Skip(1).Where(line => line[0] != '!'));
        return matcher;
    }
}
