using CtfService.Training.Progress;

namespace CtfService.Training.Evaluation;

/// <summary>Shows each stage of an evaluation while it runs.</summary>
public interface IEvaluationStages
{
    T Run<T>(string title, Func<ITrainingProgress, T> work);

    /// <summary>A stage that reports no steps of its own: it is shown while it runs.</summary>
    T Run<T>(string title, Func<T> work);
}

/// <summary>For evaluations that nobody watches.</summary>
public sealed class QuietStages : IEvaluationStages
{
    public static QuietStages Instance { get; } = new();

    public T Run<T>(string title, Func<ITrainingProgress, T> work) => work(NoProgress.Instance);

    public T Run<T>(string title, Func<T> work) => work();
}
