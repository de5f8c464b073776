using CtfService.Core.Models;
using CtfService.Training.Parts;

namespace CtfService.Training.Optimization;

/// <summary>
/// Refuses to go on from a checkpoint that was made from something else. More steps than before are no change. A checkpoint without a record, which
/// earlier programs wrote, is taken as it is.
/// </summary>
internal static class ResumeValidator
{
    public const string WaysOn = "Start over with --overwrite, which deletes that training, or name another folder with --run.";

    /// <exception cref="CheckpointException">The message names what differs, with both values.</exception>
    public static void Require(TrainingOptions options, PartRecord? there, long finishedSteps)
    {
        if (finishedSteps > options.Steps)
        {
            throw new CheckpointException(
                $"{options.RunDirectory}: has finished {finishedSteps} steps, which is more than --steps {options.Steps}. "
                + $"Ask for at least {finishedSteps} steps. {WaysOn}");
        }

        List<RecordDifference> differences = there is null
            ? []
            : [.. there.Differences(options.MadeFrom).Where(difference => difference.Name != PartRecord.Steps)];
        if (differences.Any(difference => difference.IsFixed))
        {
            throw Refusal(options, differences, $"Put these back to go on. {WaysOn}");
        }

        if (differences.Count > 0 && !options.AcceptChanges)
        {
            throw Refusal(options, differences, $"Put these back to go on, or add --accept-changes to go on with the new values. {WaysOn}");
        }
    }

    private static CheckpointException Refusal(TrainingOptions options, List<RecordDifference> differences, string waysOn) =>
        new($"{options.RunDirectory}: its checkpoint was made from something else:{RecordDifference.Lines(differences)}{Environment.NewLine}{waysOn}");
}
