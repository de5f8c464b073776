using CtfService.Core.Generation;
using CtfService.Model.Bundles;

namespace CtfService.Model.Tests.Bundles;

public sealed class FormatRuleTests
{
    private static readonly FormatFigures Reference = new("float32", Fid: 0.5, FidSpread: 0.125, ClassAccuracy: 0.75, ClassAccuracySpread: 0.0625);

    [Theory]
    [InlineData(0.75, 0.625, null)] // both exactly at the limit
    [InlineData(0.5, 0.75, null)]
    [InlineData(0.1, 0.99, null)] // better
    [InlineData(0.7501, 0.75, "its FID of 0.7501 is not within 0.7500, 2 spreads of float32's")]
    [InlineData(0.5, 0.6249, "its class accuracy of 62.49 % is not within 62.50 %, 2 spreads of float32's")]
    [InlineData(double.NaN, 0.75, "its FID of NaN")]
    [InlineData(0.5, double.NaN, "its class accuracy of NaN")]
    public void Obstacle_Figures_MustBeWithinTwoSpreads(double fid, double accuracy, string? expected)
    {
        var obstacle = FormatRule.Obstacle(Evaluation(Reference, new FormatFigures("int8", fid, 0, accuracy, 0)), "int8");

        Assert.Equal(expected is null, obstacle is null);
        Assert.StartsWith(expected ?? "", obstacle ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Obstacle_SpreadOfTheFormatItself_DoesNotCount()
    {
        var erratic = new FormatFigures("int8", Fid: 0.8, FidSpread: 5, ClassAccuracy: 0.75, ClassAccuracySpread: 0.5);

        Assert.NotNull(FormatRule.Obstacle(Evaluation(Reference, erratic), "int8"));
    }

    [Fact]
    public void Obstacle_NoSpreadAtAll_AllowsEqualFiguresOnly()
    {
        var reference = Reference with { FidSpread = 0, ClassAccuracySpread = 0 };

        Assert.Null(FormatRule.Obstacle(Evaluation(reference, reference with { Dtype = "int8" }), "int8"));
        Assert.NotNull(FormatRule.Obstacle(Evaluation(reference, reference with { Dtype = "int8", Fid = 0.50001 }), "int8"));
    }

    [Fact]
    public void Obstacle_FewerThanThreeSeeds_AllowsNothing()
    {
        var evaluation = Evaluation(Reference, Reference with { Dtype = "int8" }) with { Seeds = [0, 1] };

        Assert.Equal("the evaluation has 2 seed(s), fewer than 3", FormatRule.Obstacle(evaluation, "int8"));
        Assert.Null(FormatRule.Obstacle(evaluation, "float32"));
    }

    [Fact]
    public void Obstacle_MissingFigures_SaysWhich()
    {
        Assert.Contains("no figures of float32", FormatRule.Obstacle(Evaluation(Reference with { Dtype = "int8" }), "int8"), StringComparison.Ordinal);
        Assert.Contains("no figures of int8", FormatRule.Obstacle(Evaluation(Reference), "int8"), StringComparison.Ordinal);
        var noSpread = Reference with { FidSpread = null };
        var single = Evaluation(noSpread, noSpread with { Dtype = "int8" });
        Assert.Contains("float32 with their spread", FormatRule.Obstacle(single, "int8"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no evaluation of formats")]
    [InlineData("other weights or other sampling defaults")]
    public void Allowed_EvaluationMissingOrOfAnotherBundle_IsFloat32Alone(string expected)
    {
        var (manifest, evaluation) = (RecordedManifest.Create(), RecordedManifest.Create().Evaluation!);
        foreach (var changed in expected[0] == 'n'
            ? [manifest with { Evaluation = null }]
            : (BundleManifest[])
            [
                manifest with { Files = [manifest.Files[0] with { Sha256 = new string('0', 64) }, .. manifest.Files.Skip(1)] },
                manifest with { Sampling = manifest.Sampling with { Coarse = new SamplingSettings(GuidanceScale: 3) } },
                manifest with { Evaluation = evaluation with { Weights = "" } },
            ])
        {
            Assert.Equal(["float32"], FormatRule.Allowed(changed));
            Assert.Contains(expected, FormatRule.Obstacle(changed, "int8"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Allowed_FormatsWithinTheSpread_AreListed()
    {
        var manifest = RecordedManifest.Create(("float32", 0.5, 0.9), ("bfloat16", 0.9, 0.9), ("int8", 0.5, 0.9));

        Assert.Equal(["float32", "int8"], FormatRule.Allowed(manifest));
    }

    [Fact]
    public void FormatFigures_OfSeeds_AreMeanAndSampleDeviation()
    {
        var figures = FormatFigures.Of("int8", [1, 2, 3], [0.5, 0.5, 0.8]);

        Assert.Equal((2, 1), (figures.Fid, figures.FidSpread!.Value));
        Assert.Equal((0.6, 0.1732), (figures.ClassAccuracy, Math.Round(figures.ClassAccuracySpread!.Value, 4)));
        Assert.Null(FormatFigures.Of("int8", [1], [0.5]).FidSpread);
    }

    private static BundleEvaluation Evaluation(params FormatFigures[] formats) => RecordedManifest.Create().Evaluation! with { Formats = formats };
}
