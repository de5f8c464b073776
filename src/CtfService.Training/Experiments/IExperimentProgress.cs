using CtfService.Training.Progress;

namespace CtfService.Training.Experiments;

/// <summary>Displays the progress of an experiment.</summary>
public interface IExperimentProgress
{
    /// <summary>Runs <paramref name="work"/> on this thread and displays its reports.</summary>
    /// <param name="job">Name of the job.</param>
    /// <param name="number">Number of the job, 1..<paramref name="count"/>.</param>
    /// <param name="count">Number of jobs.</param>
    void Run(string job, int number, int count, Action<ITrainingProgress> work);
}
