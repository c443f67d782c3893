#!/bin/bash
# Training on several nodes under SLURM. Not run by us.
#
#   sbatch docs/scaling/slurm.sh
#
# One task per node with all of its GPUs. SIGTERM comes two minutes before the time is up: the run
# saves its state and stops; submit the job again to resume it.
#SBATCH --job-name=kerasseg
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@120
set -u

export PORT=5000
HOSTS=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | paste -sd, -)
export HOSTS

# The number of the task within the step is that of its node in the list.
# The trap keeps the shell until train.py has saved its state.
task='trap : TERM
export TF_CONFIG=$(python -c "
import json, os
hosts = [host + chr(58) + os.environ[\"PORT\"] for host in os.environ[\"HOSTS\"].split(\",\")]
task = {\"type\": \"worker\", \"index\": int(os.environ[\"SLURM_PROCID\"])}
print(json.dumps({\"cluster\": {\"worker\": hosts}, \"task\": task}))")
python train.py --config configs/cityscapes.yaml run_dir=/shared/runs/cityscapes \
  data.root=/shared/cityscapes train.batch_size=16 train.distribute=multi_worker
status=$?
# srun returns the highest status of its tasks, and 3 of the others would hide 1 or 2.
case $status in 1 | 2) exit $((200 + status)) ;; esac
exit $status'

stopped=no
trap "stopped=yes; kill -TERM \$step 2>/dev/null" TERM
# A lost process leaves the others with status 3: all of them start again. Errors that the user can
# fix (2) and bugs (70) end the job.
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  srun --kill-on-bad-exit=0 bash -c "$task" &
  step=$!
  wait $step
  status=$?
  if [ $stopped = yes ]; then
    wait $step
    exit 3
  fi
  case $status in
    3 | 137 | 143) echo "attempt $attempt ended with status $status; resuming" ;;
    201 | 202) exit $((status - 200)) ;;
    *) exit $status ;;
  esac
done
exit 3
