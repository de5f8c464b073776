using System.Globalization;
using CtfService.Cli.Commands.Options;
using CtfService.Core.Generation;

namespace CtfService.Cli.Tests.Commands.Options;

public sealed class NumberTextTests
{
    private static readonly NumberRange<double> Numbers = NumberRange.Between(-10.0, 100.0);
    private static readonly NumberRange<int> WholeNumbers = NumberRange.Between(-10, 100_000);

    [Theory]
    [InlineData("1.5", 1.5)]
    [InlineData("+1.5", 1.5)]
    [InlineData("-1.5", -1.5)]
    [InlineData(".5", 0.5)]
    [InlineData("6e-4", 6e-4)]
    [InlineData("1E1", 10)]
    public void TryRead_Number_IsReadInTheSameWayInEveryCulture(string text, double expected)
    {
        using var culture = new CommaCulture();

        Assert.True(NumberText.TryRead(text, Numbers, out var value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1,5")]
    [InlineData("1.000,5")]
    [InlineData("1'000")]
    [InlineData("0x10")]
    [InlineData("(1)")]
    [InlineData("1%")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("-Infinity")]
    [InlineData("∞")]
    [InlineData("1e999")]
    [InlineData("101")]
    [InlineData("١")]
    public void TryRead_OtherText_ReturnsFalse(string text)
    {
        using var culture = new CommaCulture();

        Assert.False(NumberText.TryRead(text, Numbers, out _));
        Assert.StartsWith($"--x is '{text}', expected a number, -10 to 100.", NumberText.Problem("--x", text, Numbers), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1e3")]
    [InlineData("1.0")]
    [InlineData("1,000")]
    [InlineData("0x10")]
    [InlineData("100001")]
    [InlineData("-11")]
    [InlineData("99999999999999999999")]
    public void TryRead_NotAWholeNumberInRange_ReturnsFalse(string text)
    {
        Assert.False(NumberText.TryRead(text, WholeNumbers, out _));
        Assert.StartsWith($"--x is '{text}', expected a whole number, -10 to 100000.", NumberText.Problem("--x", text, WholeNumbers), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1,5", "Use a decimal point: write 1.5.")]
    [InlineData("0,0006", "Use a decimal point: write 0.0006.")]
    [InlineData("-2,5e-3", "Use a decimal point: write -2.5e-3.")]
    public void Problem_DecimalComma_SaysWhatToWrite(string text, string hint) =>
        Assert.EndsWith(hint, NumberText.Problem("--x", text, Numbers), StringComparison.Ordinal);

    [Theory]
    [InlineData("1,000", "Write 1000, without separators.")]
    [InlineData("16'384", "Write 16384, without separators.")]
    [InlineData("1,3,4", "Separate numbers with spaces.")]
    public void Problem_SeparatorsInWholeNumbers_SaysWhatToWrite(string text, string hint) =>
        Assert.EndsWith(hint, NumberText.Problem("--x", text, WholeNumbers), StringComparison.Ordinal);

    /// <summary>Numbers in the German format: decimal comma, points as thousands separators.</summary>
    internal sealed class CommaCulture : IDisposable
    {
        private readonly CultureInfo _before = CultureInfo.CurrentCulture;

        public CommaCulture()
        {
            var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone(); // the runtime may have no data for other cultures
            culture.NumberFormat.NumberDecimalSeparator = culture.NumberFormat.PercentDecimalSeparator = ",";
            culture.NumberFormat.NumberGroupSeparator = culture.NumberFormat.PercentGroupSeparator = ".";
            CultureInfo.CurrentCulture = culture;
        }

        public void Dispose() => CultureInfo.CurrentCulture = _before;
    }
}
