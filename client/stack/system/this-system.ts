import { darwinPorts, darwinProcesses } from './darwin.ts';
import { linuxPorts, linuxProcesses } from './linux.ts';
import type { PortTable, ProcessTable } from './processes.ts';

const isMac = process.platform === 'darwin';

/** Of the system that this runs on. */
export const processes: ProcessTable = isMac ? darwinProcesses() : linuxProcesses;
export const ports: PortTable = isMac ? darwinPorts() : linuxPorts;
