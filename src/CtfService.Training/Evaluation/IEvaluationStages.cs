using CtfService.Training.Progress;

namespace CtfService.Training.Evaluation;

/// <summary>Displays the stages of an evaluation.</summary>
public interface IEvaluationStages
{
    /// <summary>Runs a stage that reports steps.</summary>
    T Run<T>(string title, Func<ITrainingProgress, T> work);

    /// <summary>Runs a stage that reports no steps.</summary>
    T Run<T>(string title, Func<T> work);
}

/// <summary>Displays nothing.</summary>
public sealed class QuietStages : IEvaluationStages
{
    public static QuietStages Instance { get; } = new();

    public T Run<T>(string title, Func<ITrainingProgress, T> work) => work(NoProgress.Instance);

    public T Run<T>(string title, Func<T> work) => work();
}
