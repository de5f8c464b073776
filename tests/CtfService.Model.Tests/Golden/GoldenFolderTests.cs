using CtfService.Model.TestSupport;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Golden;

public sealed class GoldenFolderTests
{
    [Fact]
    public void SafetensorsFiles_OfTheFolder_AreAllRead()
    {
        string[] read =
        [
            .. GoldenModels.TransformerNames.SelectMany(name => new[] { "golden", "train", "weights" }.Select(table => GoldenModels.PathOf(name, table))),
            .. GoldenModels.TokenizerNames.SelectMany(name => new[] { "golden", "weights" }.Select(table => GoldenModels.PathOf(name, table))),
            SamplingRun.Path,
        ];

        Assert.Empty(Directory.EnumerateFiles(GoldenFolder.Root, "*.safetensors").Except(read));
    }
}
