using CtfService.Training.Evaluation;
using CtfService.Training.Progress;

namespace CtfService.Cli.Shell;

/// <summary>Shows the progress of each stage of an evaluation.</summary>
internal sealed class ConsoleStages(Terminal terminal) : IEvaluationStages
{
    public T Run<T>(string title, Func<ITrainingProgress, T> work) => ConsoleProgress.Run(terminal, title, work);

    public T Run<T>(string title, Func<T> work) => ConsoleProgress.Run(terminal, title, work);
}
