namespace CtfService.Training.Evaluation.Statistics;

/// <summary>
/// Computes the figures of a report and collects undefined ones with their reasons, so that an undefined figure does not fail the whole report.
/// </summary>
/// <param name="cancellation">Checked before each figure.</param>
public sealed class FigureCollector(CancellationToken cancellation = default)
{
    private readonly List<MissingFigure> _missing = [];

    /// <summary>Undefined figures, in the order of computation.</summary>
    public IReadOnlyList<MissingFigure> Missing => _missing;

    /// <summary>Computes a figure.</summary>
    /// <param name="figure">Name in the report, such as <c>generated.fid</c>.</param>
    /// <returns>The figure; null if <paramref name="compute"/> throws <see cref="UndefinedFigureException"/> or returns NaN or infinity.</returns>
    public double? Compute(string figure, Func<double> compute) => Compute<double?>(figure, () =>
        compute() is var value && double.IsFinite(value) ? value : throw new UndefinedFigureException("the result is not a finite number"));

    /// <inheritdoc cref="Compute(string, Func{double})"/>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public T? Compute<T>(string figure, Func<T> compute)
    {
        cancellation.ThrowIfCancellationRequested();
        try
        {
            return compute();
        }
        catch (UndefinedFigureException undefined)
        {
            _missing.Add(new MissingFigure(figure, undefined.Message));
            return default;
        }
    }

    /// <summary>Cancels the computation of a figure.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>Computes the ratio of two figures; null if one is undefined or the divisor is zero.</summary>
    public double? Ratio(string figure, double? value, double? over, string overName) => Compute(figure, () => (value, over) switch
    {
        (null, _) => throw new UndefinedFigureException("the distance of the generated images is undefined"),
        (_, null) => throw new UndefinedFigureException($"the distance of {overName} is undefined"),
        (_, 0) => throw new UndefinedFigureException($"{overName} are equal, so their distance is 0"),
        _ => value.Value / over.Value,
    });
}

/// <summary>An undefined figure of a report.</summary>
/// <param name="Figure">Name in the report, such as <c>generated.fid</c>.</param>
/// <param name="Reason">Why it is undefined.</param>
public sealed record MissingFigure(string Figure, string Reason);
