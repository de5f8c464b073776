using CtfService.Api.Models;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Models;

public sealed class BundleSearchTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bundle-search-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Load_BundleIsInALaterRoot_OpensItThere()
    {
        var bundle = PutBundle("second/models/fruits");
        string? opened = null;
        var factory = new FakeImageGeneratorFactory();
        var roots = new SearchRoots([Path.Combine(_folder, "first"), Path.Combine(_folder, "second")]);
        var search = new BundleSearch("models/fruits", roots, new ServingDevice("cpu", "cpu", Copies: 1), (directory, _, _) =>
        {
            opened = directory;
            return factory;
        });

        using IImageGenerator generator = search.Load(CancellationToken.None);

        Assert.Equal(bundle, opened);
        Assert.Same(factory.Generator, generator);
    }

    [Fact]
    public void Find_BundleIsInBothRoots_ReturnsTheFirst()
    {
        var first = PutBundle("first/models/fruits");
        PutBundle("second/models/fruits");

        Assert.Equal(first, Search("models/fruits", "first", "second").Find());
    }

    [Fact]
    public void Find_FolderWithoutManifest_IsSkipped()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "first/models/fruits"));
        var second = PutBundle("second/models/fruits");

        Assert.Equal(second, Search("models/fruits", "first", "second").Find());
    }

    [Fact]
    public void Find_AbsolutePath_IsReturnedUnchanged()
    {
        var bundle = PutBundle("elsewhere/fruits");

        Assert.Equal(bundle, Search(bundle, "first").Find());
    }

    [Fact]
    public void Find_NoBundleAnywhere_NamesEveryFolder()
    {
        var error = Assert.Throws<CheckpointException>(() => Search("models/fruits", "first", "second").Find());

        Assert.Contains("Model:Bundle is 'models/fruits'", error.Message, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(_folder, "first/models/fruits"), error.Message, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(_folder, "second/models/fruits"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Roots_ProgramInsideTheRepository_IncludeEveryFolderAbove()
    {
        var roots = SearchRoots.Of("/repo", "/repo/src/", "/repo/artifacts/bin/").Folders;

        Assert.Equal(["/repo", "/repo/src", "/repo/artifacts/bin", "/repo/artifacts", "/"], roots);
    }

    private BundleSearch Search(string bundle, params string[] roots) =>
        new(
            bundle,
            new SearchRoots([.. roots.Select(root => Path.Combine(_folder, root))]),
            new ServingDevice("cpu", "cpu", Copies: 1),
            (_, _, _) => throw new InvalidOperationException("The test must not open it."));

    private string PutBundle(string path)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, path)).FullName;
        File.WriteAllText(Path.Combine(folder, "model.json"), "{}");
        return folder;
    }
}
