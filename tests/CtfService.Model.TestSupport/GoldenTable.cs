using System.Globalization;
using System.Text.RegularExpressions;
using CtfService.Model.Checkpoints;
using static TorchSharp.torch;

namespace CtfService.Model.TestSupport;

/// <summary>
/// Defines how each tensor of the golden files is compared with ours: one row for each kind of tensor, selected by the pattern of its name, so that any file of
/// the same layout can be read.
/// </summary>
/// <typeparam name="TRun">Our results on the file's inputs.</typeparam>
public sealed class GoldenTable<TRun>
{
    private readonly Dictionary<string, Func<TRun, GoldenTensor, double>> _rows = [];

    /// <summary>Adds input tensors, which are not compared.</summary>
    public GoldenTable<TRun> Input(string pattern) => Row(pattern, (_, _) => 0);

    /// <summary>Requires max|ours - reference| / max|reference| to be at most the tolerance.</summary>
    public GoldenTable<TRun> Close(string pattern, double tolerance, Func<TRun, GoldenTensor, Tensor> ours) =>
        Row(pattern, (run, golden) => TensorAssert.Close(golden.Expected, ours(run, golden), tolerance, golden.Name));

    /// <summary>Requires max|ours - reference| to be at most the tolerance.</summary>
    public GoldenTable<TRun> CloseAbsolute(string pattern, double tolerance, Func<TRun, GoldenTensor, Tensor> ours) =>
        Row(pattern, (run, golden) => TensorAssert.CloseAbsolute(golden.Expected, ours(run, golden), tolerance, golden.Name));

    /// <summary>Requires |ours - reference| to be at most the tolerance times |reference| for each value.</summary>
    public GoldenTable<TRun> CloseEach(string pattern, double tolerance, Func<TRun, GoldenTensor, Tensor> ours) => Row(pattern, (run, golden) =>
    {
        var expected = golden.Expected.to(float64);
        var ratio = ours(run, golden).to(float64) / expected;
        return TensorAssert.CloseAbsolute(ones_like(expected), ratio, tolerance, $"{golden.Name}, ours over the reference's");
    });

    /// <summary>Requires equal values.</summary>
    public GoldenTable<TRun> Exact(string pattern, Func<TRun, GoldenTensor, Tensor> ours) => CloseAbsolute(pattern, 0, ours);

    /// <summary>Requires |ours - reference| to be at most 2e-3 of the reference plus 1e-5, because some gradients are mathematically zero.</summary>
    public GoldenTable<TRun> GradientNorm(string pattern, Func<TRun, GoldenTensor, Tensor> ours) => Row(pattern, (run, golden) =>
    {
        var limit = (2e-3 * golden.Expected.item<float>()) + 1e-5;
        return TensorAssert.CloseAbsolute(golden.Expected, ours(run, golden), limit, golden.Name);
    });

    /// <param name="pattern">A regular expression of the whole name; its groups become the <see cref="GoldenTensor.Parts"/>.</param>
    /// <param name="compare">Throws if they differ; returns the error for the test's output.</param>
    public GoldenTable<TRun> Row(string pattern, Func<TRun, GoldenTensor, double> compare)
    {
        _rows.Add(pattern, compare);
        return this;
    }

    /// <summary>Returns every file with each row that matches one of its tensors.</summary>
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
    /// <param name="report">Receives one line with the largest error.</param>
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

    /// <summary>Returns the tensors that no row or several rows match.</summary>
    public IEnumerable<string> TensorsWithoutOneRow(SafetensorsFile file) =>
        file.Entries.Select(entry => entry.Name).Where(name => _rows.Keys.Count(row => Match(row, name).Success) != 1);

    private static Match Match(string row, string name) => Regex.Match(name, $"^(?:{row})$", RegexOptions.CultureInvariant);
}

/// <summary>A tensor of a golden file.</summary>
/// <param name="Parts">The groups of the row's pattern in the name.</param>
public sealed record GoldenTensor(string Name, Tensor Expected, IReadOnlyList<string> Parts)
{
    /// <summary>The first part as a number.</summary>
    public float Number => float.Parse(Parts[0], CultureInfo.InvariantCulture);
}
