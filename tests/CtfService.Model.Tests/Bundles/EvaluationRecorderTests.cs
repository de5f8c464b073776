using System.Security.Cryptography;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Bundles;

public sealed class EvaluationRecorderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Bundle _bundle;

    public EvaluationRecorderTests()
    {
        TinyManifest.WriteFiles(_folder.Root);
        _bundle = BundleWriter.Write(_folder.Root, TinyManifest.Create());
    }

    private string Manifest => _folder.File("model.json");

    private BundleEvaluation Evaluation => RecordedManifest.Of(_bundle.Manifest).Evaluation!;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Record_Evaluation_IsReadBackAndChangesNothingElse()
    {
        var before = File.ReadAllText(Manifest);

        var recorded = EvaluationRecorder.Record(_bundle, Evaluation);

        Assert.Equivalent(Evaluation, recorded.Manifest.Evaluation, strict: true);
        Assert.Equal(["float32", "bfloat16", "int8"], FormatRule.Allowed(recorded.Manifest));
        Assert.Equal(before.TrimEnd()[..^1].TrimEnd(), File.ReadAllText(Manifest)[..before.TrimEnd()[..^1].TrimEnd().Length]);
        Assert.Equal(_bundle.Hash, recorded.Hash);
    }

    [Fact]
    public void Hash_WithoutEvaluation_IsThatOfTheFile() =>
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Manifest))), _bundle.Hash);

    [Fact]
    public void Record_Again_ReplacesTheEvaluation()
    {
        EvaluationRecorder.Record(_bundle, Evaluation with { ImagesPerClass = 5 });

        var recorded = EvaluationRecorder.Record(_bundle, Evaluation);

        Assert.Equal(100, recorded.Manifest.Evaluation!.ImagesPerClass);
        Assert.Equal(_bundle.Hash, recorded.Hash);
    }

    [Theory]
    [InlineData("{\"format_version\": 1,")] // of other software, in one line
    [InlineData("{\r\n\t\"format_version\": 1,")]
    public void Record_ManifestInAnotherStyle_KeepsItsHash(string start)
    {
        File.WriteAllText(Manifest, File.ReadAllText(Manifest).Replace("{\n  \"format_version\": 1,", start, StringComparison.Ordinal).TrimEnd());
        var before = BundleReader.Open(_folder.Root);

        var recorded = EvaluationRecorder.Record(before, Evaluation);

        Assert.NotEqual(_bundle.Hash, before.Hash);
        Assert.Equal(before.Hash, recorded.Hash);
        Assert.NotNull(recorded.Manifest.Evaluation);
    }

    [Fact]
    public void Record_EvaluationMovedToTheFront_IsReplacedToo()
    {
        var recorded = EvaluationRecorder.Record(_bundle, Evaluation);
        var text = File.ReadAllText(Manifest);
        var member = text[text.IndexOf("\"evaluation\"", StringComparison.Ordinal)..text.LastIndexOf('}')].Trim();
        File.WriteAllText(Manifest, "{ " + member + ", " + text[..text.IndexOf("\"evaluation\"", StringComparison.Ordinal)].Trim()[1..^1] + "}");
        var moved = BundleReader.Open(_folder.Root);

        Assert.NotNull(moved.Manifest.Evaluation);
        Assert.Equal(moved.Hash, EvaluationRecorder.Record(moved, recorded.Manifest.Evaluation!).Hash);
    }

    [Fact]
    public void Record_BundleThatWasReplacedMeanwhile_IsRefused()
    {
        File.WriteAllText(_folder.File("coarse.safetensors"), "other weights");
        BundleWriter.Write(_folder.Root, TinyManifest.Create());
        var before = File.ReadAllBytes(Manifest);

        var error = Assert.Throws<CheckpointException>(() => EvaluationRecorder.Record(_bundle, Evaluation));

        Assert.Contains("is not the bundle that was evaluated", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Manifest));
    }

    [Fact]
    public void Record_DamagedWeights_AreRefused()
    {
        File.WriteAllText(_folder.File("coarse.safetensors"), "content of coarse.safetensorS");

        Assert.Contains("SHA-256", Assert.Throws<CheckpointException>(() => EvaluationRecorder.Record(_bundle, Evaluation)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_SameWeights_KeepsTheEvaluation_OtherWeightsOrSamplingDropIt()
    {
        var recorded = EvaluationRecorder.Record(_bundle, Evaluation).Manifest;

        Assert.NotNull(BundleWriter.Write(_folder.Root, recorded with { Name = "renamed" }).Manifest.Evaluation);
        Assert.Null(BundleWriter.Write(_folder.Root, recorded with { Sampling = new(recorded.Sampling.Fine, recorded.Sampling.Fine) }).Manifest.Evaluation);
        File.WriteAllText(_folder.File("coarse.safetensors"), "other weights");
        Assert.Null(BundleWriter.Write(_folder.Root, recorded).Manifest.Evaluation);
    }

    [Theory]
    [InlineData("same", true)]
    [InlineData("other", false)]
    public void Replace_RecordedBundle_CarriesTheEvaluationOfTheSameWeights(string weights, bool isKept)
    {
        EvaluationRecorder.Record(_bundle, Evaluation);

        var replaced = BundleWriter.Replace(_folder.Root, next =>
        {
            TinyManifest.WriteFiles(next);
            if (weights == "other")
            {
                File.WriteAllText(Path.Combine(next, "fine.safetensors"), weights);
            }

            return TinyManifest.Create() with { Name = "again" };
        });

        Assert.Equal(isKept, replaced.Manifest.Evaluation is not null);
    }
}
