using System.Globalization;
using System.Text.RegularExpressions;
using CtfService.Model.Checkpoints;
using static TorchSharp.torch;

namespace CtfService.Model.TestSupport;

/// <summary>
/// What the golden files hold and how each tensor is compared with ours: one row for each kind of tensor, found by the pattern of its name, so
/// that any file of the same layout can be read.
/// </summary>
/// <typeparam name="TRun">What we computed on the file's inputs.</typeparam>
public sealed class GoldenTable<TRun>
{
    private readonly Dictionary<string, Func<TRun, GoldenTensor, double>> _rows = [];

    /// <summary>Tensors that others are computed from; there is nothing to compare.</summary>
    public GoldenTable<TRun> Input(string pattern) => Row(pattern, (_, _) => 0);

    /// <summary>max|ours - reference| / max|reference| is at most the tolerance.</summary>
    public GoldenTable<TRun> Close(string pattern, double tolerance, Func<TRun, GoldenTensor, Tensor> ours) =>
        Row(pattern, (run, golden) => TensorAssert.Close(golden.Expected, ours(run, golden), tolerance, golden.Name));

    /// <summary>max|ours - reference| is at most the tolerance.</summary>
    public GoldenTable<TRun> CloseAbsolute(string pattern, double tolerance, Func<TRun, GoldenTensor, Tensor> ours) =>
        Row(pattern, (run, golden) => TensorAssert.CloseAbsolute(golden.Expected, ours(run, golden), tolerance, golden.Name));

    /// <summary>|ours - reference| is at most the tolerance times |reference|, value by value.</summary>
    public GoldenTable<TRun> CloseEach(string pattern, double tolerance, Func<TRun, GoldenTensor, Tensor> ours) => Row(pattern, (run, golden) =>
    {
        var expected = golden.Expected.to(float64);
        return TensorAssert.CloseAbsolute(ones_like(expected), ours(run, golden).to(float64) / expected, tolerance, $"{golden.Name}, ours over the reference's");
    });

    /// <summary>The same values.</summary>
    public GoldenTable<TRun> Exact(string pattern, Func<TRun, GoldenTensor, Tensor> ours) => CloseAbsolute(pattern, 0, ours);

    /// <summary>|ours - reference| is at most 2e-3 of the reference plus 1e-5, because some gradients are mathematically zero.</summary>
    public GoldenTable<TRun> GradientNorm(string pattern, Func<TRun, GoldenTensor, Tensor> ours) => Row(pattern, (run, golden) =>
    {
        var limit = (2e-3 * golden.Expected.item<float>()) + 1e-5;
        return TensorAssert.CloseAbsolute(golden.Expected, ours(run, golden), limit, golden.Name);
    });

    /// <param name="pattern">A regular expression of the whole name; its groups become the <see cref="GoldenTensor.Parts"/>.</param>
    /// <param name="compare">Throws where they differ; returns the error for the test's output.</param>
    public GoldenTable<TRun> Row(string pattern, Func<TRun, GoldenTensor, double> compare)
    {
        _rows.Add(pattern, compare);
        return this;
    }

    /// <summary>Every file with each of the rows that it has tensors of.</summary>
    public TheoryData<string, string> Cases(IEnumerable<string> names, Func<string, string> path)
    {
        var cases = new TheoryData<string, string>();
        foreach (var name in names.Where(name => File.Exists(path(name))))
        {
            using var file = SafetensorsFile.Open(path(name));
            foreach (var row in _rows.Keys.Where(row => file.Entries.Any(entry => Match(row, entry.Name).Success)))
            {
                cases.Add(name, row);
            }
        }

        return cases;
    }

    /// <summary>Compares every tensor of a row.</summary>
    /// <param name="report">Gets one line with the largest error.</param>
    public void Check(string row, TRun run, SafetensorsFile file, Action<string> report)
    {
        var largest = 0.0;
        foreach (var entry in file.Entries)
        {
            using var scope = NewDisposeScope();
            if (Match(row, entry.Name) is { Success: true } match)
            {
                var golden = new GoldenTensor(entry.Name, file.Read(entry.Name), [.. match.Groups.Values.Skip(1).Select(group => group.Value)]);
                largest = Math.Max(largest, _rows[row](run, golden));
            }
        }

        report(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(file.Path)} {row}: largest error {largest:G2}"));
    }

    /// <summary>Tensors that no row knows, or more than one.</summary>
    public IEnumerable<string> Strangers(SafetensorsFile file) =>
        file.Entries.Select(entry => entry.Name).Where(name => _rows.Keys.Count(row => Match(row, name).Success) != 1);

    private static Match Match(string row, string name) => Regex.Match(name, $"^(?:{row})$", RegexOptions.CultureInvariant);
}

/// <summary>A tensor of a golden file.</summary>
/// <param name="Parts">What the groups of the row's pattern found in the name.</param>
public sealed record GoldenTensor(string Name, Tensor Expected, IReadOnlyList<string> Parts)
{
    /// <summary>The first part as a number.</summary>
    public float Number => float.Parse(Parts[0], CultureInfo.InvariantCulture);
}
