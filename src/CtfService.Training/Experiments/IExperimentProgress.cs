using CtfService.Training.Progress;

namespace CtfService.Training.Experiments;

/// <summary>Shows what an experiment is at.</summary>
public interface IExperimentProgress
{
    /// <summary>Runs <paramref name="work"/> on this thread and shows its reports.</summary>
    /// <param name="job">Name of the job.</param>
    /// <param name="number">1..<paramref name="count"/>.</param>
    /// <param name="count">Jobs of the experiment.</param>
    void Run(string job, int number, int count, Action<ITrainingProgress> work);
}
