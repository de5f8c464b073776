using CtfService.Core.Models;
using CtfService.Training.Parts;

namespace CtfService.Training.Optimization;

/// <summary>
/// Rejects a checkpoint that was made from other inputs. More steps than before do not count as a change. A checkpoint without a record, which earlier versions
/// wrote, is accepted.
/// </summary>
internal static class ResumeValidator
{
    public const string Remedies = "Start over with --overwrite, which deletes that training, or choose another folder with --run.";

    /// <exception cref="CheckpointException">The checkpoint was made from other inputs; the message names the differences with both values.</exception>
    public static void Require(TrainingOptions options, PartRecord? there, long finishedSteps)
    {
        if (finishedSteps > options.Steps)
        {
            throw new CheckpointException(
                $"{options.RunDirectory}: has finished {finishedSteps} steps, more than --steps {options.Steps}. "
                + $"Specify at least {finishedSteps} steps. {Remedies}");
        }

        List<RecordDifference> differences = there is null
            ? []
            : [.. there.Differences(options.MadeFrom).Where(difference => difference.Name != PartRecord.Steps)];
        if (differences.Any(difference => difference.IsFixed))
        {
            throw Refusal(options, differences, $"Restore these values to resume. {Remedies}");
        }

        if (differences.Count > 0 && !options.AcceptChanges)
        {
            throw Refusal(options, differences, $"Restore these values to resume, or add --accept-changes to continue with the new values. {Remedies}");
        }
    }

    private static CheckpointException Refusal(TrainingOptions options, List<RecordDifference> differences, string remedies) =>
        new($"{options.RunDirectory}: its checkpoint was made from other inputs:{RecordDifference.Lines(differences)}{Environment.NewLine}{remedies}");
}
