using CtfService.Api.Configuration;
using CtfService.Api.Errors;
using CtfService.Api.Models;
using CtfService.Model.Bundles;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Models;

/// <summary>Names cannot lead outside the root.</summary>
public sealed class BundleLibraryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("fruits")]
    [InlineData("family/fruits-2")]
    [InlineData("a/b/c/d")]
    [InlineData("..fruits..")]
    [InlineData("mit Leerzeichen und ü")]
    public void Find_FolderBelowTheRoot_IsOpenedThere(string name)
    {
        var bundle = Put($"models/{name}");

        Assert.Equal(bundle, Opened("models", name));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../secret")]
    [InlineData("fruits/../../secret")]
    [InlineData("fruits/./x")]
    [InlineData("..\\secret")]
    [InlineData("/etc")]
    [InlineData("//etc")]
    [InlineData("fruits/")]
    [InlineData("fruits//x")]
    [InlineData("fruits\0")]
    [InlineData("fruits\n")]
    public void Find_NameIsNotAPathBelowTheRoot_IsRejected(string name)
    {
        Put("models/fruits");
        Put("secret");

        Assert.Equal("invalid_bundle", Refusal("models", name).Code);
    }

    [Fact]
    public void Find_LongName_IsRejected() => Assert.Equal("invalid_bundle", Refusal("models", new string('x', 513)).Code);

    [Theory]
    [InlineData("nowhere")]
    [InlineData("empty")]
    [InlineData("fruits/model.json")]
    public void Find_FolderWithoutABundle_IsNotFound(string name)
    {
        Put("models/fruits");
        Directory.CreateDirectory(_folder.File("models/empty"));

        var error = Refusal("models", name);

        Assert.Equal(("bundle_not_found", "bundle"), (error.Code, error.Param));
    }

    [Fact]
    public void Find_LinkInsideTheRoot_IsFollowed()
    {
        var bundle = Put("models/.versions/7");
        Directory.CreateSymbolicLink(_folder.File("models/current"), ".versions/7");
        Directory.CreateSymbolicLink(_folder.File("models/latest"), _folder.File("models/current"));

        Assert.Equal(bundle, Opened("models", "current"));
        Assert.Equal(bundle, Opened("models", "latest"));
    }

    [Theory]
    [InlineData("link", "../secret")]
    [InlineData("link", "{root}/secret")]
    [InlineData("link", "fruits/../../secret")]
    [InlineData("link", "link")]
    public void Find_LinkLeavesTheRootOrIsCircular_IsNotFound(string name, string target)
    {
        Put("models/fruits");
        Put("secret");
        Directory.CreateSymbolicLink(_folder.File($"models/{name}"), target.Replace("{root}", _folder.Root, StringComparison.Ordinal));

        Assert.Equal("bundle_not_found", Refusal("models", name).Code);
        Assert.Equal(["fruits"], Library("models").List().Select(bundle => bundle.Name));
    }

    [Fact]
    public void Find_BundleBehindALinkThatLeavesTheRoot_IsNotFound()
    {
        Put("elsewhere/secret");
        Directory.CreateDirectory(_folder.File("models"));
        Directory.CreateSymbolicLink(_folder.File("models/door"), _folder.File("elsewhere"));
        Directory.CreateSymbolicLink(_folder.File("models/indirect"), "door/secret");

        Assert.Equal("bundle_not_found", Refusal("models", "door/secret").Code);
        Assert.Equal("bundle_not_found", Refusal("models", "indirect").Code);
    }

    [Fact]
    public void Find_RootIsALink_FollowsIt()
    {
        var bundle = Put("disk/fruits");
        Directory.CreateSymbolicLink(_folder.File("models"), _folder.File("disk"));

        Assert.Equal(bundle, Opened("models", "fruits"));
    }

    [Fact]
    public void Find_RootNotSet_UsesTheFolderOfTheFirstBundle()
    {
        Put("models/first");
        var other = Put("models/other");

        Assert.Equal(other, Opened(root: "", "other", bundle: "models/first/"));
        Assert.Equal("first", Library("", "models/first/").NameOfFirst());
    }

    [Fact]
    public void Find_RootNotSetAndTheFirstBundleMissing_UsesItsExpectedFolder()
    {
        var other = Put("models/other");

        Assert.Equal(other, Opened(root: "", "other", bundle: "models/first"));
        Assert.Equal("models/first", Library("", "models/first").NameOfFirst());
    }

    [Theory]
    [InlineData("missing", "models/first", "Model:Root is 'missing', which does not exist.")]
    [InlineData("", "missing/first", "Model:Root is not set")]
    public void Find_NoRoot_SaysWhichSettingToCorrect(string root, string bundle, string expected)
    {
        Put("models/first");

        Assert.Contains(expected, Refusal(root, "first", bundle).Message, StringComparison.Ordinal);
        Assert.Empty(Library(root, bundle).List());
    }

    [Fact]
    public void NameOfFirst_OutsideTheRoot_IsItsPath()
    {
        var first = Put("shipped/first");
        Put("models/other");

        Assert.Equal(first, Library("models", "shipped/first").NameOfFirst());
    }

    private string Opened(string root, string name, string bundle = "models/fruits")
    {
        string? opened = null;
        Library(root, bundle, folder => opened = folder).Find(name);
        return opened!;
    }

    private ApiError Refusal(string root, string name, string bundle = "models/fruits") =>
        Assert.Throws<RequestRefusedException>(() => Library(root, bundle).Find(name)).Error;

    private BundleLibrary Library(string root, string bundle = "models/fruits", Action<string>? open = null) =>
        new(new ModelOptions { Root = root, Bundle = bundle }, new SearchRoots([_folder.Root]), (folder, _, _) =>
        {
            open?.Invoke(folder);
            return new FakeImageGeneratorFactory();
        });

    private string Put(string path)
    {
        var folder = Directory.CreateDirectory(_folder.File(path)).FullName;
        File.WriteAllText(Path.Combine(folder, "model.json"), "{}");
        return folder;
    }
}
