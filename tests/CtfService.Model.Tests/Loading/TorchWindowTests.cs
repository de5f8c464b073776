using CtfService.Core.Generation;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.TestSupport;

namespace CtfService.Model.Tests.Loading;

public sealed class TorchWindowTests
{
    [Theory]
    [InlineData(10, 10, 10, 10, 16)] // a step takes the same time with any window
    [InlineData(10, 11, 13, 16, 16)]
    [InlineData(10, 12, 16, 26, 8)]
    [InlineData(10, 14, 19, 24, 16)]
    [InlineData(10, 40, 80, 160, 1)] // a step takes as much longer as it has more rows
    [InlineData(10, 11, 80, 160, 4)]
    public void Choose_TimesOfSteps_TakesTheMostLabelsInASecond(int one, int four, int eight, int sixteen, int expected)
    {
        var times = new Dictionary<int, int> { [1] = one, [4] = four, [8] = eight, [16] = sixteen };

        Assert.Equal(expected, TorchWindow.Choose(window => TimeSpan.FromMilliseconds(times[window])));
    }

    [Fact]
    public void Choose_WideWindowsDoNotFit_TakesOneThatDoes() =>
        Assert.Equal(4, TorchWindow.Choose(window => window > 4 ? null : TimeSpan.FromMilliseconds(10)));

    [Fact]
    public void Choose_NothingFits_TakesOnePosition() => Assert.Equal(1, TorchWindow.Choose(_ => null));

    /// <summary>libtorch computes float16 on the CPU, too. A bundle's grid may have fewer cells than the window.</summary>
    [Theory]
    [InlineData(null, 1)]
    [InlineData(1, 1)]
    [InlineData(8, 8)]
    [InlineData(32, 32)]
    public void Load_Libtorch_NamesItsWindowInTheArithmetic(int? maxWindow, int expected)
    {
        using var bundle = new TinyBundle();
        using var generator = new CtfImageGeneratorFactory(bundle.Directory, () => ModelPlacement.Parse("cpu", "float16"), rows: 4) { MaxWindow = maxWindow }
            .Load(CancellationToken.None);

        var window = Math.Min(expected, generator.Model.TokenCount);
        Assert.Equal(window > 1 ? window : null, generator.Model.Window);
        Assert.Equal(window > 1, generator.Model.Arithmetic!.EndsWith($", windows of {window}", StringComparison.Ordinal));

        generator.Admit(1, new ImageSpecification(0, 3, new SamplingSettings(GuidanceScale: 2), new SamplingSettings()));
        var (labels, steps, image) = (0, 0, (GeneratedImage?)null);
        while (image is null)
        {
            image = generator.Advance(CancellationToken.None).SingleOrDefault()?.Image;
            labels += generator.LastStep.Decode.Labels;
            steps += generator.LastStep.Decode.Images;
        }

        Assert.Equal((generator.Model.TokenCount, steps), (labels, image.DecodeSteps));
        Assert.InRange(steps, (labels + window - 1) / window, labels);
    }
}
